#!/usr/bin/env python3
"""Samples that are no images, as processes: quantize, adapt and contribute on a .safetensors file, and wrong input.

usage: tensors_process.py BIN_DIR [CASE…]
The samples are the made-up images of the other cases, as floats of [8, 8]; each case takes some seconds.
"""
import json
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

from cases import changed, run_cases
from train_process import write_idx

BIN = pathlib.Path(sys.argv[1])
MEAN, STD = 0.5, 0.25  # those of kind idx


def command(tool: str, *arguments: str, config=None, expect: int = 0):
    done = subprocess.run([str(BIN / tool), *arguments], input=json.dumps(config), capture_output=True, text=True, timeout=300)
    assert done.returncode == expect, f"exit code {done.returncode}, not {expect}: {done.stderr}"
    return done.stdout, done.stderr


def single(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def write_tensors(path: pathlib.Path, tensors: dict) -> None:
    """tensors: name -> (type, shape, bytes)."""
    header, at = {}, 0
    for name, (kind, shape, data) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


class Case:
    def __init__(self, name: str):
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-tensors-")
        self.folder = pathlib.Path(self.temp.name)
        write_idx(self.folder / "data")
        self.images = {"kind": "idx", "path": str(self.folder / "data")}
        pixels, labels, split = bytearray(), bytearray(), []
        for place, prefix in ((0, "train"), (2, "t10k")):
            new = (self.folder / "data" / f"{prefix}-labels-idx1-ubyte").read_bytes()[8:]
            pixels += (self.folder / "data" / f"{prefix}-images-idx3-ubyte").read_bytes()[16:]
            labels += new
            split += [place] * len(new)
        count = len(labels)
        reals = [single(single(single(p / 255) - MEAN) / STD) for p in pixels]
        self.tensors = {"inputs": ("F32", [count, 8, 8], struct.pack(f"<{count * 64}f", *reals)),
                        "labels": ("I32", [count], struct.pack(f"<{count}i", *labels)),
                        "groups": ("I32", [count], struct.pack(f"<{count}i", *[i // 2 % 4 for i in range(count)])),
                        "split": ("I32", [count], struct.pack(f"<{count}i", *split))}
        self.file = self.folder / "samples.safetensors"
        write_tensors(self.file, self.tensors)
        self.data = {"kind": "tensors", "path": str(self.file)}
        network = {"blocks": "3e1w8 | 3e3s2w8 3e3", "stem": 8, "stem_stride": 1, "classes": 2, "input_channels": 1, "resolution": 8}
        command("nas-search", "train", "-", "--out", str(self.folder / "float"), "--threads", "1", "--quiet", config={
            "network": network, "data": self.images, "batch_size": 8, "loop": {"epochs": 4, "schedule": {"lr_peak": 0.05}}})

    def quantize(self, out: str, data: dict, expect: int = 0):
        stdout, stderr = command("tinytrain-compile", "quantize", "-", "--out", str(self.folder / out), "--quiet", "--threads", "1",
                                 expect=expect, config={"network": str(self.folder / "float"), "data": data, "calibration": {"images": 48}})
        return json.loads(stdout) if expect == 0 else stderr

    def adaptation(self, **changes) -> dict:
        return changed({"network": str(self.folder / "int8" / "model"), "data": self.data, "shots": 10, "scheme": "last:3",
                        "method": {"batch_size": 8, "epochs": 8, "schedule": {"lr_peak": 0.02}}}, **changes)

    def adapt(self, out: str, *flags: str, expect: int = 0, **changes):
        stdout, stderr = command("tinytrain-compile", "adapt", "-", "--out", str(self.folder / out), "--quiet", "--threads", "1", *flags,
                                 config=self.adaptation(**changes), expect=expect)
        return json.loads(stdout) if expect == 0 else stderr


def like_images(case: Case) -> None:
    """Real numbers of a file are the pixels of images: the same network, the same training, byte by byte."""
    images, tensors = case.quantize("int8", case.images), case.quantize("from-tensors", case.data)
    assert tensors["float"] == images["float"] and tensors["float"]["accuracy"] > 0.9, (images, tensors)
    assert abs(tensors["int8"]["accuracy"] - images["int8"]["accuracy"]) < 0.05, (images, tensors)
    assert tensors["mean"] == [] and images["mean"] == [MEAN], (images, tensors)
    case.adapt("a", data=case.images | {"mean": [MEAN], "std": [STD]})
    case.adapt("b")
    for name in ("model/model.ir", "model/model.safetensors"):
        assert (case.folder / "a" / name).read_bytes() == (case.folder / "b" / name).read_bytes(), f"{name} differs"


def groups_and_resume(case: Case) -> None:
    case.quantize("int8", case.data)
    data = case.data | {"groups": [3, 1], "classes": ["1", "0"], "fraction": 0.9}
    line = case.adapt("a", data=data, shots=0)
    assert line["train_examples"] == 43 and line["accuracy"] > 0.8, line  # .9 of half of 96
    assert "another config or seed" in case.adapt("a", data=data | {"groups": [3]}, shots=0, expect=2)
    changes = {"data": data, "shots": 0, "method__epochs": 300, "checkpoint_seconds": 0.02}
    case.adapt("whole", **changes)
    process = subprocess.Popen([str(BIN / "tinytrain-compile"), "adapt", "-", "--out", str(case.folder / "broken"), "--quiet", "--threads", "1"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps(case.adaptation(**changes)))
    process.stdin.close()
    process.stdin = None
    events = case.folder / "broken" / "events.jsonl"
    for _ in range(6000):
        if process.poll() is not None or (events.exists() and events.read_text().count("\n") >= 40):
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143, process.returncode
    case.adapt("broken", "--resume", **changes)
    assert (case.folder / "whole/model/model.safetensors").read_bytes() == (case.folder / "broken/model/model.safetensors").read_bytes()
    # Without a split of its own, the file is cut by seed.
    write_tensors(case.file, {name: case.tensors[name] for name in ("inputs", "labels")})
    line = case.adapt("cut", data=case.data | {"test": 0.5, "seed": 3}, shots=0)
    assert line["train_examples"] == 68, line


def measured(case: Case) -> None:
    case.quantize("int8", case.data)
    config = {"network": str(case.folder / "int8" / "model"), "data": case.data | {"validation": 0.3}, "head": "new", "shots": 5,
              "fractions": [1], "bias_base": 1, "training": {"epochs": 1, "batch_size": 8}}
    stdout, _ = command("tinytrain-compile", "contribute", "-", "--out", str(case.folder / "parts"), "--quiet", "--threads", "1", config=config)
    assert json.loads(stdout)["failed"] == 0, stdout


def wrong_input(case: Case) -> None:
    case.quantize("int8", case.data)

    def refused(*words, **changes):
        stderr = case.adapt("out", expect=2, **changes)
        for word in words:
            assert word in stderr, f"no '{word}' in: {stderr}"

    refused("/data/resolution", "no effect on tensors", data__resolution=8)
    refused("/data/channels", "no effect on tensors", data__channels=1)
    refused("/data/memory_mb", "no effect on tensors", data__memory_mb=7)
    refused("/data/augment", "no effect", data__augment={"flip": True})
    refused("/data/test", "marks its test samples", data__test=0.5)
    refused("/data/groups", "no effect on images", data=case.images | {"groups": [1]})
    refused("/data/test", "no effect on images", data=case.images | {"test": 0.5})
    refused("/data/groups/1", "is no group", "0, 1, 2, 3", data__groups=[0, 4])
    refused("/data/classes/0", "is no class: '5'", data__classes=["5", "0"])
    refused("/data/mean", "2 values for samples of 8 channels", data__mean=[0, 1])
    refused("/data/path", "needs a path", data__path="")
    refused("none.safetensors", data__path=str(case.folder / "none.safetensors"))
    refused("/data/kind", "tensors", data__kind="tensor")

    def altered(*words, **tensors):
        write_tensors(case.file, case.tensors | tensors)
        refused(*words)
        write_tensors(case.file, case.tensors)

    kind, shape, data = case.tensors["inputs"]
    altered("takes samples of [1, 1, 8, 8]", "are [1, 4, 16]", inputs=(kind, [shape[0], 4, 16], data))
    altered("samples.safetensors:inputs", "holds nan at place 3 of sample 0", inputs=(kind, shape, data[:12] + struct.pack("<f", float("nan")) + data[16:]))
    labels = case.tensors["labels"][2]
    altered("samples.safetensors:labels", "is -7 for sample 0", labels=("I32", [shape[0]], struct.pack("<i", -7) + labels[4:]))
    altered("samples.safetensors:labels", "has the shape", labels=("I32", [shape[0] - 1], labels[4:]))
    blob = case.file.read_bytes()
    case.file.write_bytes(blob[:-5])
    refused("samples.safetensors", "cut short")


if __name__ == "__main__":
    sys.exit(run_cases((like_images, groups_and_resume, measured, wrong_input), Case))
