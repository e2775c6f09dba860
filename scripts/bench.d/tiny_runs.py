"""What scripts/tiny_sparse and scripts/tiny_fisher share: two networks on integers with what they learn, and the tool.

resnet  ResNet-8 of MLPerf Tiny (CIFAR-10, ../shared/data/tiny), learns the ten classes of Fashion-MNIST. It takes pixels of
        0 to 255 as they are.
shoes   a network of `nas-search train` and `quantize` that has seen the last five classes of Fashion-MNIST (shoes, bags,
        shirts), learns the first five (clothes). Its inputs are of unit scale.
"""
import gzip
import json
import pathlib
import struct
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
RESNET = SOURCE.parent / "shared/data/tiny/pretrainedResnet_quant.tflite"


def flags(settings):
    return [flag for key, value in settings.items() for flag in ("--set", f"{key}={value}")]


def run(program, *command):
    done = subprocess.run([program, *map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def write_classes(folder, classes):
    """Fashion-MNIST's images of these classes, counted from 0, as IDX files."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        images = gzip.open(FASHION / f"{part}-images-idx3-ubyte.gz").read()[16:]
        labels = gzip.open(FASHION / f"{part}-labels-idx1-ubyte.gz").read()[8:]
        kept = [i for i, label in enumerate(labels) if label in classes]
        (folder / f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">4i", 2051, len(kept), 28, 28) + b"".join(images[784 * i:784 * i + 784] for i in kept))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2i", 2049, len(kept)) + bytes(classes.index(labels[i]) for i in kept))


class Case:
    """A network, what it learns (`settings` of adapt and contribute), and the folder that runs go to."""

    def __init__(self, name, out, programs):
        self.name, self.out = name, out / name
        self.tool = programs / "tinytrain-compile"
        self.out.mkdir(parents=True, exist_ok=True)
        if name == "resnet":
            self.network = RESNET.resolve()
            self.settings = {"data.kind": "fashion-mnist", "data.resolution": 32, "data.channels": 3}
        else:
            self.network = self.out / "int8/model"
            self.settings = {"data.kind": "idx", "data.path": self.out / "clothes", "data.resolution": 0, "data.channels": 1}
            if not self.network.exists():
                self.make_network(programs)
        self.settings["network"] = self.network

    def make_network(self, programs):
        write_classes(self.out / "clothes", [0, 1, 2, 3, 4])
        write_classes(self.out / "shoes", [5, 6, 7, 8, 9])
        data = {"data.kind": "idx", "data.path": self.out / "shoes"}
        run(programs / "nas-search", "train", SOURCE / "configs/train/fashion.json", "--out", self.out / "float", "--seed", 1,
            "--threads", 1, "--quiet", "--resume", *flags({**data, "network.classes": 5, "loop.epochs": 3}))
        run(self.tool, "quantize", SOURCE / "configs/quantize/fashion.json", "--out", self.out / "int8", "--threads", 1,
            "--quiet", *flags({**data, "network": self.out / "float"}))

    def adapt(self, folder, scheme, seed, settings, validation=0.0):
        """The result of one training; accuracy is of the test images, or of held-out training images."""
        return run(self.tool, "adapt", SOURCE / "configs/adapt/fashion.json", "--out", self.out / folder, "--seed", seed,
                   "--threads", 1, "--quiet", "--resume",
                   *flags({**self.settings, "data.validation": validation, "evaluate_every": 0, "scheme": scheme, **settings}))

    def contribute(self, folder, seed, settings):
        """The result, and the path of the contributions."""
        result = run(self.tool, "contribute", SOURCE / "configs/adapt/contribute.json", "--out", self.out / folder, "--seed", seed,
                     "--threads", 1, "--quiet", "--resume", *flags({**self.settings, **settings}))
        return result, self.out / folder / "contributions.jsonl"

    def select(self, contributions, limit):
        return run(self.tool, "select", self.network, contributions, "--limit", f"{limit}B")

    def costs(self, schemes):
        """What `inspect` says of each scheme."""
        named = [flag for scheme in schemes for flag in ("--scheme", scheme)]
        return run(self.tool, "inspect", self.network, *named)["schemes"]
