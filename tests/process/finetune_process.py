#!/usr/bin/env python3
"""nas-search train and search from pretrained weights, and what goes along with a network that is deployed: colour images
in a folder a class, weights as safetensors and as PyTorch's .pth under torchvision's names.

usage: finetune_process.py BIN_DIR [CASE…]
"""
import io
import json
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import types
import zipfile
import zlib

from cases import run_cases

BIN = pathlib.Path(sys.argv[1]) / "nas-search"
BLOCKS = "3e1w8 | 3e2s2w8 3e2"
# By our name of a convolution or a batch norm, torchvision's MobileNetV2's.
TORCHVISION = {
    "first_conv.conv": "features.0.0", "first_conv.bn": "features.0.1",
    "blocks.0.mobile_inverted_conv.depth_conv.conv": "features.1.conv.0.0",
    "blocks.0.mobile_inverted_conv.depth_conv.bn": "features.1.conv.0.1",
    "blocks.0.mobile_inverted_conv.point_linear.conv": "features.1.conv.1",
    "blocks.0.mobile_inverted_conv.point_linear.bn": "features.1.conv.2",
    **{f"blocks.{b}.mobile_inverted_conv.{part}.{kind}": f"features.{b + 1}.conv.{place}"
       for b in (1, 2) for part, kind, place in (("inverted_bottleneck", "conv", "0.0"), ("inverted_bottleneck", "bn", "0.1"),
                                                 ("depth_conv", "conv", "1.0"), ("depth_conv", "bn", "1.1"),
                                                 ("point_linear", "conv", "2"), ("point_linear", "bn", "3"))},
    "feature_mix_layer.conv": "features.4.0", "feature_mix_layer.bn": "features.4.1", "classifier.linear": "classifier.1",
}


def write_png(path, colour, seed):
    """20x24, noise around a colour."""
    rows, state = bytearray(), seed
    for _ in range(20):
        rows.append(0)
        for _ in range(24):
            for c in colour:
                state = (state * 1103515245 + 12345) % 2**31
                rows.append(max(0, min(255, c + (state >> 16) % 60 - 30)))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 24, 20, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))


def read_safetensors(path):
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    entries = json.loads(raw[8:8 + size])
    entries.pop("__metadata__", None)
    return {name: (entry["dtype"], entry["shape"], raw[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]])
            for name, entry in entries.items()}


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, (kind, shape, data) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


def write_pth(path, tensors):
    """As torch.save writes a state dict, without torch: a stand-in of its module gives the pickle its names."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def rebuild(*_):
        raise AssertionError("never called")

    rebuild.__module__, rebuild.__qualname__, rebuild.__name__ = "torch._utils", "_rebuild_tensor_v2", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    sys.modules.update({"torch": torch, "torch._utils": utils})

    class Storage:
        def __init__(self, key, count):
            self.key, self.count = key, count

    class Tensor:
        def __init__(self, storage, shape):
            self.storage, self.shape = storage, shape

        def __reduce__(self):
            strides, step = [], 1
            for size in reversed(self.shape):
                strides.insert(0, step)
                step *= size
            return rebuild, (self.storage, 0, tuple(self.shape), tuple(strides), False, {})

    class Writer(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", torch.FloatStorage, value.key, "cpu", value.count) if isinstance(value, Storage) else None

    state = {}
    with zipfile.ZipFile(path, "w") as archive:
        for key, (name, (_, shape, data)) in enumerate(tensors.items()):
            state[name] = Tensor(Storage(str(key), len(data) // 4), shape)
            archive.writestr(f"archive/data/{key}", data)
        text = io.BytesIO()
        Writer(text, protocol=2).dump(state)
        archive.writestr("archive/data.pkl", text.getvalue())
        archive.writestr("archive/version", "3\n")
    for name in ("torch", "torch._utils"):
        del sys.modules[name]


class Runs:
    """What a pickle that is loaded would run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch '{self.path}'",)


class Case:
    """A network that was trained on two colours, and a folder of images of three others."""

    def __init__(self, name: str):
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-finetune-")
        self.folder = pathlib.Path(self.temp.name)
        for part, colours in (("first", {"red": (200, 60, 60), "blue": (60, 60, 200)}),
                              ("photos", {"dawn": (220, 140, 90), "dusk": (90, 60, 130), "noon": (120, 190, 250)})):
            for c, (label, colour) in enumerate(colours.items()):
                (self.folder / part / label).mkdir(parents=True)
                for i in range(16):
                    write_png(self.folder / part / label / f"{i}.png", colour, 100 * c + i)
        self.images = ["--set", "data.kind=folder", "--set", "data.validation=0.25", "--set", "batch_size=8", "--threads", "1"]
        self.run("train", *self.images, "--set", f"data.path={self.folder}/first", "--set", f"network.blocks={BLOCKS}", "--set",
                 "network.stem=8", "--set", "network.head=16", "--set", "network.input_channels=3", "--set", "network.classes=2",
                 "--set", "network.resolution=16", "--set", "data.resolution=16", "--set", "loop.epochs=4", "--out",
                 self.folder / "source", "--quiet")
        self.network, self.weights = self.folder / "source/network.json", self.folder / "source/weights.safetensors"

    def run(self, *words, code=0):
        done = subprocess.run([str(BIN), *map(str, words)], capture_output=True, text=True, timeout=120)
        assert done.returncode == code, f"exit {done.returncode}, not {code}: {words}\n{done.stderr}"
        return done

    def tune(self, out, *more, weights=None, code=0):
        return self.run("train", *self.images, "--set", f"data.path={self.folder}/photos", "--set",
                        f"network.file={self.network}", "--weights", weights or self.weights, "--set", "loop.epochs=6", "--out",
                        self.folder / out, *more, code=code)

    def torchvision(self):
        return {next(theirs + name[len(ours):] for ours, theirs in TORCHVISION.items() if name.startswith(ours + ".")): tensor
                for name, tensor in read_safetensors(self.weights).items()}


def new_head(case: Case) -> None:
    """Three classes from the folder; what images become and what classes are called goes along."""
    done = case.tune("out")
    line = json.loads(done.stdout)
    assert line["pretrained"]["head"] == "new" and line["validation_error"] < 0.4, line
    assert "a new classifier of 3 classes" in done.stderr, done.stderr
    out = case.folder / "out"
    network = json.loads((out / "network.json").read_text())
    assert network["classifier"]["out_features"] == 3 and network["resolution"] == 16
    told = network["preprocessing"]
    assert told == {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "resize": "centre_square",
                    "classes": ["dawn", "dusk", "noon"]}, told
    result = json.loads((out / "result.json").read_text())
    assert result["preprocessing"] == told
    confusion = result["held_out"]["confusion"]
    assert [sum(row) for row in confusion] == [4, 4, 4] and [one["examples"] for one in result["held_out"]["per_class"]] == [4, 4, 4]
    wrong = sum(row[c] for r, row in enumerate(confusion) for c in range(3) if c != r)
    assert abs(line["validation_error"] - wrong / 12) < 1e-9
    # One image, a folder of images, an image that is none.
    files = out / "network.json", "--weights", out / "weights.safetensors"
    said = json.loads(case.run("evaluate", *files, "--image", case.folder / "photos/noon/3.png").stdout)["images"]
    assert len(said) == 1 and said[0]["class"] == "noon", said
    assert abs(said[0]["probability"] + sum(one["probability"] for one in said[0]["next"]) - 1) < 1e-5
    said = json.loads(case.run("evaluate", *files, "--image", case.folder / "photos").stdout)["images"]
    assert len(said) == 48 and sum(one["class"] in one["file"] for one in said) > 30
    (case.folder / "text.png").write_text("no image")
    assert "text.png" in case.run("evaluate", *files, "--image", case.folder / "text.png", code=2).stderr
    case.run("export", *files, "--out", out / "net.onnx")
    model = (out / "net.onnx").read_bytes()
    for text in (b'["dawn","dusk","noon"]', b"[0.485,0.456,0.406]", b"centre_square", b"resolution"):
        assert text in model, text


def frozen(case: Case) -> None:
    """The classifier alone moves, batch norm's averages stand; a body that trains moves everything."""
    before = read_safetensors(case.weights)
    case.tune("frozen", "--set", "pretrained.body=frozen")
    after = read_safetensors(case.folder / "frozen/weights.safetensors")
    for name, tensor in after.items():
        assert name.startswith("classifier.") or tensor == before[name], name
    case.tune("whole")
    moved = read_safetensors(case.folder / "whole/weights.safetensors")
    assert all(tensor != before[name] for name, tensor in moved.items()), "everything moves"


def as_pth(case: Case) -> None:
    """The same weights under torchvision's names, as .pth and as safetensors, wrapped by data parallel training."""
    case.tune("plain")
    weights = (case.folder / "plain/weights.safetensors").read_bytes()
    named = case.torchvision()
    write_pth(case.folder / "w.pth", named)
    write_safetensors(case.folder / "w.safetensors", {"module." + name: tensor for name, tensor in named.items()})
    for name in ("w.pth", "w.safetensors"):
        done = case.tune(name + ".out", weights=case.folder / name)
        assert json.loads(done.stdout)["pretrained"]["family"] == "torchvision's MobileNetV2"
        assert "eps" in done.stderr, "torchvision's batch norm has another eps than this description"
        assert (case.folder / (name + ".out") / "weights.safetensors").read_bytes() == weights, name


def refused(case: Case) -> None:
    """Each with its reason, and nothing is trained."""
    def says(*texts, weights=None, more=()):
        error = case.tune("bad", *more, weights=weights, code=2).stderr
        assert all(text in error for text in texts), error
        assert not (case.folder / "bad/weights.safetensors").exists()

    path = case.folder / "w.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"features.0.0.weight": Runs(case.folder / "was run")}, protocol=2))
    says("w.pth", "system", weights=path)
    assert not (case.folder / "was run").exists()
    named = case.torchvision()
    other = case.folder / "w.safetensors"
    write_safetensors(other, {name: tensor for name, tensor in named.items() if name != "features.2.conv.1.0.weight"})
    says("lacks 1 tensors", "features.2.conv.1.0.weight", weights=other)
    kind, shape, data = named["features.4.0.weight"]
    write_safetensors(other, {**named, "features.4.0.weight": (kind, [shape[0] // 2, *shape[1:]], data[:len(data) // 2])})
    says("features.4.0.weight", "shape", weights=other)
    write_safetensors(other, {**named, "features.9.0.weight": (kind, shape, data)})
    says("features.9.0.weight", "larger network", weights=other)
    write_safetensors(other, {**named, "features.4.0.weight": ("I8", shape, data[:len(data) // 4])})
    says("quantised", weights=other)
    write_safetensors(other, {"encoder.weight": (kind, shape, data)})
    says("no family", "torchvision", weights=other)
    says("is a folder", weights=case.folder)
    (case.folder / "w.pt").write_bytes(b"\x80\x02}q\x00.")
    says("before version 1.6", weights=case.folder / "w.pt")
    says("2 classes", more=["--set", "pretrained.head=keep"])
    says("both given", more=["--set", f"initial_weights={case.weights}"])
    says("No such file", weights=case.folder / "none.pth")


def head_by_accident(case: Case) -> None:
    """A head of as many classes is another's classes all the same: it is new unless it is asked for."""
    two = ["--set", "data.classes=[\"dawn\",\"dusk\"]", "--set", "pretrained.body=frozen", "--set", "loop.epochs=0.01"]
    before = read_safetensors(case.weights)["classifier.linear.weight"]
    for head, same in (("keep", True), ("new", False)):
        case.tune(head, *two, "--set", f"pretrained.head={head}", "--set", "loop.schedule.lr_peak=1e-30")
        after = read_safetensors(case.folder / head / "weights.safetensors")["classifier.linear.weight"]
        assert (after == before) == same, head


def balanced(case: Case) -> None:
    """Two images of a class beside sixteen of the others: equal classes learn the rare one."""
    for i in range(2, 16):
        (case.folder / f"photos/dusk/{i}.png").unlink()
    plain, equal = (json.loads(case.tune(out, "--set", f"balanced_loss={out}", "--set", "loop.epochs=2").stdout)
                    for out in ("false", "true"))
    assert plain["train_loss"] != equal["train_loss"]
    (case.folder / "photos/dusk/1.png").unlink()
    assert "one image" in case.tune("one", "--set", "loop.epochs=1").stderr


def searched(case: Case) -> None:
    """A supernet that begins with the network: what has its shape is whole, other kernels and widths are made of it."""
    space = {"input_channels": 3, "classes": 3, "resolution": 16, "stem": 8, "stem_stride": 2, "first_block": 8,
             "candidates": ["3e2", "5e2", "3e1", "Z"], "head": 16, "stages": [{"width": 8, "depth": 2, "stride": 2}]}
    config = {"space": space, "data": {"kind": "folder", "path": str(case.folder / "photos"), "resolution": 16, "validation": 0.25},
              "batch_size": 8, "strategy": {"lr": 0.3}, "log_every": 1,
              "schedule": {"warmup_epochs": 0.2, "epochs": 2, "skip_epochs": 0, "architecture_every": 1},
              "pretrained": {"network": str(case.network), "weights": str(case.weights)}}
    path = case.folder / "search.json"
    path.write_text(json.dumps(config))
    result = json.loads(case.run("search", path, "--threads", 1, "--out", case.folder / "search").stdout)
    taken = result["inherited"]
    assert taken["stem"] == "whole" and "taken" in taken["end"], taken
    blocks = {block["block"]: block for block in taken["blocks"]}
    assert blocks["blocks.0"]["candidates"] == ["whole"] and blocks["blocks.1"]["from"] == "blocks.1", taken
    assert blocks["blocks.2"]["candidates"] == ["3e2: whole", "5e2: kernel widened", "3e1: made up (another kind of block)"], taken
    assert 0 < taken["numbers_taken"] < taken["numbers"]
    assert result["targets"][0]["preprocessing"]["classes"] == ["dawn", "dusk", "noon"]
    space["stages"][0]["width"], space["stem"] = 4, 4
    path.write_text(json.dumps(config))
    taken = json.loads(case.run("search", path, "--threads", 1, "--out", case.folder / "narrow").stdout)["inherited"]
    assert taken["stem"] == "channels by norm", taken
    assert taken["blocks"][2]["candidates"][1] == "5e2: channels by norm, kernel widened", taken
    space["stages"][0]["width"] = 64
    path.write_text(json.dumps(config))
    taken = json.loads(case.run("search", path, "--threads", 1, "--out", case.folder / "wide").stdout)["inherited"]
    assert "made up (more channels" in taken["blocks"][1]["candidates"][0], taken
    del config["pretrained"]["network"]
    path.write_text(json.dumps(config))
    assert "both network and weights" in case.run("search", path, "--out", case.folder / "bad", code=2).stderr


def started(case: Case) -> None:
    """From a folder to an exported network; started again it answers the same; a latency that no network has is refused."""
    def start(out, *more, code=0):
        return case.run("start", case.folder / "photos", "--out", case.folder / out, "--minutes", "0.01", *more, code=code)

    result = json.loads(start("out", "--latency", "1 s").stdout)
    assert result["plan"]["classes"] == 3 and result["latency_ms"]["at_most"] == 1000, result
    assert result["latency_ms"]["predicted"] > 0 and result["run"]["measured_latency_ms"] > 0, result
    folder = case.folder / "out"
    assert b'["dawn","dusk","noon"]' in (folder / "network.onnx").read_bytes()
    assert "<html" in (folder / "report.html").read_text()
    weights = (folder / "network/weights.safetensors").read_bytes()
    again = json.loads(start("out", "--latency", "1s").stdout)
    assert again["network"] == result["network"] and (folder / "network/weights.safetensors").read_bytes() == weights
    error = start("none", "--latency", "0.1us", code=2).stderr
    assert "the fastest network of this space takes" in error, error
    for wrong in ("fast", "5 hours", "-1ms"):
        assert "--latency" in start("none", f"--latency={wrong}", code=2).stderr
    tuned = json.loads(start("tuned", "--latency", "1s", "--network", case.network, "--weights", case.weights).stdout)
    found = json.loads((case.folder / "tuned/search/search.json").read_text())
    assert found["inherited"]["numbers_taken"] > 0 and tuned["parameters"] > 0


CASES = [started, new_head, frozen, as_pth, refused, head_by_accident, balanced, searched]


if __name__ == "__main__":
    sys.exit(run_cases(CASES, Case))
