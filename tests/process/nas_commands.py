#!/usr/bin/env python3
"""Runs every nas-search command that README.md, docs/nas-search.md and the --help texts of its subcommands show
(README's and docs' in their order, in one folder), with flags added that make it small: made-up images, few steps.

usage: nas_commands.py BIN_DIR CASE
"""
import json
import os
import pathlib
import re
import subprocess
import struct
import sys
import tempfile

from finetune_process import write_png

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.argv[1]).resolve() / "nas-search"
# What makes a subcommand small; `data` lies in the folder that the commands run in.
DATA = ["--set", "data.kind=idx", "--set", "data.path=data", "--set", "data.fraction=1"]
SMALL = {
    "train": [*DATA, "--set", "loop.steps=2", "--set", "batch_size=10"],
    "search": [*DATA, "--set", "batch_size=10", "--set", "schedule.warmup_epochs=0.2", "--set", "schedule.epochs=2",
               "--set", "schedule.skip_epochs=0", "--set", "strategy.lr=0.3", "--set", "held_out_batch=10"],
    "start": ["--minutes", "0.01"],
    "profile": ["--set", "meter.rounds=3", "--set", "meter.sample_ms=0.01"],
}
REPLACED = {"--check": "4", "--fit": "4", "--latency": "1s"}  # networks to measure


def write_images(folder: pathlib.Path) -> None:
    """Ten classes of 28x28, a bright row each."""
    folder.mkdir()
    for prefix, count in (("train", 100), ("t10k", 20)):
        pixels, labels = bytearray(), bytearray()
        for i in range(count):
            labels.append(i % 10)
            pixels += bytes(200 if y // 2 == i % 10 else (7 * i + 3 * y + x) % 60 for y in range(28) for x in range(28))
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 28, 28) + pixels)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels)


def write_photos(folder: pathlib.Path) -> None:
    """Two classes of 16 images, one image beside them, and weights of the network of configs/train/finetune.json."""
    for label, colour in (("dusk", (90, 60, 130)), ("noon", (120, 190, 250))):
        (folder / "photos" / label).mkdir(parents=True)
        for i in range(16):
            write_png(folder / "photos" / label / f"{i}.png", colour, i)
    write_png(folder / "photo.jpg", (90, 60, 130), 99)  # a file is what its first bytes say
    network = json.loads((SOURCE / "configs/networks/proxyless_w0.25_r112.json").read_text())
    network["classifier"]["out_features"] = 2
    (folder / "two.json").write_text(json.dumps(network))
    run(["train", "--set", "network.file=two.json", "--set", "data.kind=folder", "--set", "data.path=photos", "--set",
         "data.validation=0.2", "--set", "data.resolution=32", "--set", "batch_size=8", "--set", "loop.steps=1", "--out", "two",
         "--threads", "1"], folder)
    (folder / "two/weights.safetensors").rename(folder / "weights.safetensors")


def small(words: list) -> list:
    """The command with the flags that make it small."""
    if "configs/train/finetune.json" in words:
        return words + ["--set", "loop.steps=2", "--set", "data.resolution=32", "--set", "batch_size=8", "--threads", "1"]
    words = [REPLACED[words[i - 1]] if words[i - 1] in REPLACED else word for i, word in enumerate(words)]
    threads = [] if "--threads" in words or words[0] in ("export", "derive") else ["--threads", "1"]
    return words + SMALL.get(words[0], []) + threads


def shown(page: pathlib.Path) -> list:
    """Commands of nas-search in the ```sh blocks of a page, each as its words."""
    commands = []
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.S):
        for line in block.replace("\\\n", " ").splitlines():
            words = line.split(" #")[0].split()
            if "nas-search" in words[:4]:  # mpirun -n 2 nas-search: once is enough here
                commands.append(words[words.index("nas-search") + 1:])
    return commands


def run(words: list, folder: pathlib.Path) -> None:
    done = subprocess.run([str(BIN), *words], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(words)}: exit {done.returncode}\n{done.stderr}"


def has_onnxruntime() -> bool:
    done = subprocess.run([os.environ.get("FRUGAL_PYTHON", "python3"), "-c", "import numpy, onnxruntime"], capture_output=True)
    return done.returncode == 0


def documented(folder: pathlib.Path) -> None:
    write_images(folder / "data")
    for name in ("configs", "scripts"):
        (folder / name).symlink_to(SOURCE / name)
    write_photos(folder)
    commands = [words for page in ("README.md", "docs/nas-search.md", "docs/latency-runners.md") for words in shown(SOURCE / page)
                if "onnxruntime" not in words or has_onnxruntime()]
    assert len(commands) >= 7, commands
    for words in commands:
        run(small(words), folder)


def helped(folder: pathlib.Path) -> None:
    """What the --help texts name below configs/ and scripts/ is there, and their flags are the subcommand's."""
    text = subprocess.run([str(BIN), "--help"], capture_output=True, text=True).stdout
    names = re.findall(r"^  ([\w-]+) {2,}", text[text.index("Subcommands:"):], re.M)
    assert len(names) > 8, names
    for name in names:
        text = subprocess.run([str(BIN), name, "--help"], capture_output=True, text=True).stdout
        options, examples = text.split("Examples:")
        for path in re.findall(r"\b(?:configs|scripts)/[\w./-]+", examples):
            assert (SOURCE / path).exists(), f"{name} --help: there is no {path}"
        for flag in re.findall(r"(?<= )--[\w-]+", examples):
            assert re.search(rf"^\s+(-\w,)?{flag}\b", options, re.M), f"{name} --help: no {flag}"


if __name__ == "__main__":
    case = {"documented": documented, "helped": helped}[sys.argv[2]]
    with tempfile.TemporaryDirectory(prefix="frugal-commands-") as place:
        case(pathlib.Path(place))
    print(f"{sys.argv[2]}: ok")
