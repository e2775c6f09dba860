#!/usr/bin/env python3
"""Trains every network of a small search space, for data/nas_fashion_space.jsonl: what a search's answer is ranked by.

usage: scripts/nas_table.py [--bin build/bin/nas-search] [--work FOLDER] [--out data/nas_fashion_space.jsonl] [--seed N]
       [--limit N]

The space is configs/search/fashion-table.json (252 networks). The images are the first 12,680 of Fashion-MNIST's training
set and its 10,000 test images, halved to 14 px by averages of 2x2 pixels; 5,000 of the training images are held out for
validation. Each network is trained by `nas-search train` with one seed and evaluated on both. One JSON line a network;
lines that are there already are kept, so the script can be stopped and started again. Needs Debian's
dataset-fashion-mnist.
"""
import argparse
import gzip
import itertools
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = pathlib.Path("/usr/share/datasets/fashion-mnist")
TRAIN, VALIDATION = 12680, 5000


def halve(source: pathlib.Path, target: pathlib.Path, count: int) -> None:
    """The first images of an IDX file at half the size."""
    with gzip.open(source) as file:
        _, _, height, width = struct.unpack(">IIII", file.read(16))
        pixels = file.read(count * height * width)
    out = bytearray(struct.pack(">IIII", 0x803, count, height // 2, width // 2))
    for row in range(0, count * height, 2):  # images have an even height: rows pair up across the file
        a, b = pixels[row * width:(row + 1) * width], pixels[(row + 1) * width:(row + 2) * width]
        out += bytes((a[x] + a[x + 1] + b[x] + b[x + 1] + 2) // 4 for x in range(0, width, 2))
    target.write_bytes(out)


def prepare(folder: pathlib.Path) -> None:
    if (folder / "done").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, count in (("train", TRAIN), ("t10k", 10000)):
        halve(SOURCE / f"{prefix}-images-idx3-ubyte.gz", folder / f"{prefix}-images-idx3-ubyte", count)
        with gzip.open(SOURCE / f"{prefix}-labels-idx1-ubyte.gz") as file:
            labels = file.read(8 + count)[8:]
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels)
    (folder / "done").touch()


def read_jsonc(path: pathlib.Path):
    return json.loads("".join(line for line in path.read_text().splitlines(True) if not line.lstrip().startswith("//")))


def networks(space):
    """Every choice of the space as labels a block, and as the line of blocks that `nas-search train` reads."""
    channels, per_block, stages = space["stem"], [], []
    for number, stage in enumerate(space["stages"]):
        for depth in range(stage.get("depth", 1)):
            stride = stage.get("stride", 1) if depth == 0 else 1
            keeps = stride == 1 and channels == stage["width"]
            per_block.append([c for c in space["candidates"] if c != "Z" or keeps])
            stages.append((number, depth, stride, stage["width"]))
            channels = stage["width"]
    for labels in itertools.product(*per_block):
        words = []
        for label, (number, depth, stride, width) in zip(labels, stages):
            if number and not depth:
                words.append("|")
            words.append(label if depth else f"{label}s{stride}w{width}")
        yield list(labels), " ".join(words)


def run(words, **kwargs):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, **kwargs)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/bin/nas-search"))
    parser.add_argument("--work", default="out/nas-table")
    parser.add_argument("--out", default=str(ROOT / "data/nas_fashion_space.jsonl"))
    parser.add_argument("--limit", type=int, default=0, help="stop after so many networks")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    work, out = pathlib.Path(args.work), pathlib.Path(args.out)
    prepare(work / "images")
    space = read_jsonc(ROOT / "configs/search/fashion-table.json")["space"]
    done = set()
    if out.exists():
        done = {(line["network"], line["seed"]) for line in map(json.loads, out.read_text().splitlines())}
    order = list(networks(space))
    random.Random(0).shuffle(order)  # any part of the table is a fair sample of it
    data = {"kind": "idx", "path": str(work / "images"), "validation": VALIDATION / TRAIN}
    made = 0
    for labels, blocks in order:
        if (blocks, args.seed) in done or (args.limit and made >= args.limit):
            continue
        folder = work / "run"
        shutil.rmtree(folder, ignore_errors=True)
        config = {
            "seed": args.seed, "threads": 1, "workers": 0, "batch_size": 64, "data": data, "runs": str(work / "runs.jsonl"),
            "network": {"blocks": blocks, "stem": space["stem"], "stem_stride": space["stem_stride"],
                        "input_channels": 1, "classes": 10, "resolution": 14},
            "loop": {"steps": 480, "checkpoint_seconds": 0, "schedule": {"lr_peak": 0.15, "warmup_steps": 60}}}
        (work / "config.json").write_text(json.dumps(config))
        before = os.times()
        line = run([args.bin, "train", work / "config.json", "--out", folder, "--quiet"])
        after = os.times()
        (work / "data.json").write_text(json.dumps(data))
        test = run([args.bin, "evaluate", folder / "network.json", "--weights", folder / "weights.safetensors", "--data",
                    work / "data.json", "--split", "test", "--threads", "1", "--quiet"])
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        result = {"network": blocks, "choice": labels, "parameters": line["parameters"], "macs": line["macs"],
                  "validation_error": round(line["validation_error"], 6), "test_error": round(test["error"], 6),
                  "seed": args.seed, "train_cpu_seconds": round(seconds, 2)}
        with out.open("a") as file:
            file.write(json.dumps(result) + "\n")
        made += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
