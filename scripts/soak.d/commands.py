"""The commands of scripts/soak, and what they read. OUT stands for what a command writes."""
import json
import pathlib
import random
import struct
import subprocess
import sys
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "same_bytes.d"))
import inputs  # noqa: E402


@dataclass
class Command:
    tool: str
    line: str              # its arguments; OUT is a folder, or a file where out is its name
    out: str = ""
    resumes: bool = False  # killed at any moment it goes on with --resume to the same bytes
    again: bool = False    # killed, the same command does it
    finite: bool = True    # it ends by itself within a few seconds
    becomes: str = ""      # the program that does its work

    @property
    def name(self):
        return f"{self.tool} {self.line.split()[0]}"


QUIET = "--out OUT --quiet --threads 1"
EVERY = [
    Command("scalefit", "fit in/grid.csv --set draws=200 --html OUT.html --out OUT", "fit.json"),
    Command("scalefit", "predict made/fit.json --at size=1e9,data=2e10 --out OUT", "predicted.json"),
    Command("scalefit", "plan made/fit.json --budget 1e18 --out OUT", "plan.json"),
    Command("scalefit", "compare made/fit.json made/better.json --out OUT", "compared.json"),
    Command("scalefit", "design in/axes.json --fit made/fit.json --budget 5e15 --set target.size=1e8 --set target.data=1e9 "
                        "--out OUT", "design.jsonl"),
    Command("scalefit", "validate in/runs.csv --out OUT", "validated.json"),
    Command("scalefit", "measure in/measured.json in/list.jsonl --set folder=OUT --quiet", again=True),
    Command("nas-search", f"train in/train.json --set loop.epochs=40 --set loop.checkpoint_every=3 {QUIET}", resumes=True),
    Command("nas-search", f"search in/search.json --set schedule.epochs=12 {QUIET}", resumes=True),
    Command("nas-search", "evaluate made/net/network.json --weights made/net/weights.safetensors --data in/data.json --out OUT",
            "evaluated.json"),
    Command("nas-search", "network --set file=made/net/network.json --out OUT", "network.json"),
    Command("nas-search", "export made/net/network.json --weights made/net/weights.safetensors --out OUT", "net.onnx"),
    Command("nas-search", "profile in/space.json --threads 1 --set meter.rounds=3 --set meter.sample_ms=0.05 --quiet --out OUT",
            "table.json", finite=False),
    Command("nas-search", "derive in/space.json --alpha made/found/search.json --out OUT"),
    Command("nas-search", "report made/found --out OUT", "page.html"),
    Command("ligo-grow", f"train in/gpt2.json --set loop.steps=120 {QUIET}", resumes=True),
    Command("ligo-grow", f"learn in/learn.json --set model=made/small --set loop.steps=60 {QUIET}", resumes=True),
    Command("ligo-grow", f"compare in/compare.json --set seeds=[0] {QUIET}", again=True),
    Command("ligo-grow", f"grow made/small --set target.hidden_size=32 --set target.layers=4 {QUIET}", again=True),
    Command("ligo-grow", "evaluate made/small --config in/gpt2.json --threads 1 --out OUT", "evaluated.json"),
    Command("ligo-grow", "inspect made/small --out OUT", "inspected.json"),
    Command("ligo-grow", "tokenize in/text.txt --tokenizer in/tokenizer.json --out OUT", "text.bin"),
    Command("tinytrain-compile", "import made/tiny --out OUT", again=True),
    Command("tinytrain-compile", "inspect made/tiny --out OUT", "inspected.json"),
    Command("tinytrain-compile", f"quantize in/quantize.json {QUIET}", again=True, becomes="tinytrain-float"),
    Command("tinytrain-compile", f"adapt in/adapt.json {QUIET}", resumes=True),
    Command("tinytrain-compile", f"contribute in/contribute.json {QUIET}", resumes=True),
    Command("tinytrain-compile", "select made/tiny made/parts/contributions.jsonl --limit 400B --out OUT", "scheme.json"),
    Command("tinytrain-compile", "compile --set network=made/tiny --set head=new --set classes=2 --set scheme=last:3 "
                                 "--set device.target=host --out OUT", again=True),
    Command("tinytrain-compile", "export made/device made/state.bin --out OUT", again=True),
]

PREPARED = [
    ("scalefit", "fit in/runs.csv --set law=chinchilla --set draws=50 --out made/fit.json"),
    ("scalefit", "fit in/better.csv --set law=chinchilla --set draws=50 --out made/better.json"),
    ("nas-search", "train in/train.json --quiet --threads 1 --out made/net"),
    ("nas-search", "search in/search.json --quiet --threads 1 --out made/found"),
    ("ligo-grow", "train in/gpt2.json --quiet --threads 1 --out made/small"),
    ("write_tiny_model", "made/tiny 1 8 8"),
    ("tinytrain-compile", "contribute in/contribute.json --quiet --threads 1 --out made/parts"),
    ("tinytrain-compile", "compile --set network=made/tiny --set head=new --set classes=2 --set scheme=last:3 "
                          "--set device.target=host --out made/device"),
    ("tinytrain-compile", "run made/device in/lesson.json --quiet --state made/state.bin"),
]


def write_images(folder):
    """Two easily told classes of 8x8 images."""
    draw = random.Random(5)
    folder.mkdir()
    for prefix, count in (("train", 96), ("t10k", 40)):
        pixels, labels = bytearray(), bytearray(i % 2 for i in range(count))
        for label in labels:
            pixels += bytes(draw.randrange(100) + (120 if (y < 4) == (label == 0) else 0) for y in range(8) for _ in range(8))
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 8, 8) + pixels)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels)


def prepare(folder, bin_dir):
    """Makes in/ and made/ in the folder; returns the commands that this build can run."""
    made = folder / "in"
    inputs.make(made)
    write_images(made / "two")
    data = {"kind": "idx", "path": "in/two"}

    def write(name, value):
        (made / name).write_text(json.dumps(value))

    write("measured.json", {"command": ["sh", "-c", "echo '{\"name\": \"{id}\"}' >> $(dirname {out})/runs.jsonl"], "parallel": 2})
    (made / "list.jsonl").write_text("".join(f'{{"id": "run-{i}"}}\n' for i in range(40)))
    draw = random.Random(6)
    (made / "grid.csv").write_text("params,tokens,loss\n" + "".join(
        f"{n},{d},{1.7 + 406 / n**.34 + 411 / d**.28 + draw.gauss(0, .01):.5f}\n"
        for n in (1e6 * 1.6**i for i in range(14)) for d in (1e7 * 1.6**i for i in range(14))))
    write("quantize.json", {"network": "made/net", "data": {"kind": "idx", "path": "in/images"},
                            "calibration": {"images": 32}})
    write("adapt.json", {"network": "made/tiny", "data": data, "shots": 40, "scheme": "last:3", "checkpoint_seconds": 0.05,
                         "method": {"batch_size": 8, "epochs": 300, "momentum": 0.5, "schedule": {"lr_peak": 0.03}}})
    write("contribute.json", {"network": "made/tiny", "data": {**data, "validation": 0.3}, "shots": 10, "held_out": 60,
                              "training": {"batch_size": 8, "epochs": 6, "schedule": {"lr_peak": 0.01}}})
    write("lesson.json", {"data": data, "shots": 10, "epochs": 2, "held_out": 20, "schedule": {"kind": "constant", "lr_peak": 0.03}})
    (folder / "made").mkdir()
    for tool, line in PREPARED:
        if not (bin_dir / tool).exists():
            continue
        done = subprocess.run([bin_dir / tool, *line.split()], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"soak: {tool} {line}: exit code {done.returncode}: {done.stderr}")
    return [command for command in EVERY if (bin_dir / command.tool).exists()]
