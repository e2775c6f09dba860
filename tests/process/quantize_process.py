#!/usr/bin/env python3
"""tinytrain-compile quantize as a process: the whole way from a trained network, and wrong input of every kind.

usage: quantize_process.py BIN_DIR [CASE…]
Each case trains a tiny network on small made-up IDX files for a second or two.
"""
import json
import math
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from cases import changed, run_cases
from train_process import write_idx

BIN = pathlib.Path(sys.argv[1])
CONV = "blocks.0.mobile_inverted_conv.depth_conv.conv.weight"


def command(tool: str, *arguments: str, config=None, expect: int = 0):
    done = subprocess.run([str(BIN / tool), *arguments], input=json.dumps(config), capture_output=True, text=True, timeout=300)
    assert done.returncode == expect, f"exit code {done.returncode}, not {expect}: {done.stderr}"
    return done.stdout, done.stderr


class Case:
    def __init__(self, name: str):
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-quantize-")
        self.folder = pathlib.Path(self.temp.name)
        write_idx(self.folder / "data")
        self.data = {"kind": "idx", "path": str(self.folder / "data")}
        self.network = {"blocks": "3e1w8 | 3e3s2w8 3e3", "stem": 8, "stem_stride": 1, "classes": 2, "input_channels": 1,
                        "resolution": 8}
        self.train("float")
        self.config = {"network": str(self.folder / "float"), "data": self.data, "calibration": {"images": 48}}

    def train(self, out: str) -> None:
        config = {"network": self.network, "data": self.data, "batch_size": 8,
                  "loop": {"epochs": 6, "schedule": {"lr_peak": 0.05}}}
        command("nas-search", "train", "-", "--out", str(self.folder / out), "--threads", "1", "--quiet", config=config)

    def run(self, out: str, *flags: str, expect: int = 0, config=None, quiet: bool = True):
        flags = flags if "--threads" in flags else ("--threads", "1", *flags)
        stdout, stderr = command("tinytrain-compile", "quantize", "-", "--out", str(self.folder / out),
                                 *(["--quiet"] if quiet else []), *flags, config=config or self.config, expect=expect)
        return (json.loads(stdout) if expect == 0 else stdout), stderr

    def changed(self, **changes) -> dict:
        return changed(self.config, **changes)

    def result(self, out: str) -> dict:
        return json.loads((self.folder / out / "result.json").read_text())

    def weights_with(self, change) -> str:
        """A copy of the float network whose tensors `change(name, floats)` has altered."""
        source, target = self.folder / "float", self.folder / "altered"
        target.mkdir(exist_ok=True)
        (target / "network.json").write_bytes((source / "network.json").read_bytes())
        blob = (source / "weights.safetensors").read_bytes()
        size = struct.unpack("<Q", blob[:8])[0]
        header, numbers = json.loads(blob[8:8 + size]), bytearray(blob[8 + size:])
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            first, end = entry["data_offsets"]
            count = (end - first) // 4
            values = list(struct.unpack(f"<{count}f", numbers[first:end]))
            change(name, values)
            numbers[first:end] = struct.pack(f"<{count}f", *values)
        (target / "weights.safetensors").write_bytes(blob[:8 + size] + numbers)
        return str(target)


def whole_way(case: Case) -> None:
    for method in ("minmax", "percentile", "mse"):
        for head in ("fp32", "int8"):
            out = f"{method}-{head}"
            line, _ = case.run(out, config=case.changed(calibration__method=method, head=head))
            assert line["float"]["accuracy"] > 0.95, line
            assert abs(line["float"]["accuracy"] - line["int8"]["accuracy"]) <= 0.05, line
            assert abs(line["float"]["loss"] - line["int8"]["loss"]) < 0.05, line
            layers = case.result(out)["layers"]
            assert layers[0]["operator"] == "input" and len(layers) > 9, layers
            for layer in layers:
                assert layer["snr_db"] is None or layer["snr_db"] > 15, layer
                assert layer.get("clipped", 0) < 0.01, layer
                assert ("scale" in layer) == (layer["type"] == "i8"), layer
            assert layers[-1]["type"] == ("f32" if head == "fp32" else "i8"), layers[-1]
            assert (case.folder / out / "report.html").read_text().count("<svg") == 1
    # Pixels of one channel are stored as they come: 0 to 255 are -128 to 127.
    image = case.result("minmax-fp32")["layers"][0]
    std = case.result("minmax-fp32")["quantized"]["std"][0]
    assert math.isclose(image["scale"], 1 / (255 * std), rel_tol=1e-6), image


def learns_on(case: Case) -> None:
    """What quantize wrote, adapt takes: with the same accuracy, and training goes on from there."""
    line, _ = case.run("int8")
    adapt = {"network": str(case.folder / "int8" / "model"), "data": case.data, "head": "keep", "scheme": "last:3",
             "method": {"batch_size": 8, "epochs": 4, "schedule": {"lr_peak": 0.01}}}
    stdout, _ = command("tinytrain-compile", "adapt", "-", "--out", str(case.folder / "adapted"), "--quiet", config=adapt)
    adapted = json.loads(stdout)
    assert adapted["before"]["accuracy"] == line["int8"]["accuracy"], adapted
    assert math.isclose(adapted["before"]["loss"], line["int8"]["loss"], rel_tol=1e-6), adapted
    assert adapted["accuracy"] >= line["int8"]["accuracy"] - 0.05 and adapted["steps"] > 40, adapted
    # Without a float head as well.
    case.run("integers", config=case.changed(head="int8"))
    adapt["network"] = str(case.folder / "integers" / "model")
    command("tinytrain-compile", "adapt", "-", "--out", str(case.folder / "adapted2"), "--quiet", config=adapt)


def onnx_file(case: Case) -> None:
    """nas-search quantize is the same; model.onnx says what images become, and is the same network read back."""
    line, _ = case.run("a")
    stdout, _ = command("nas-search", "quantize", "-", "--out", str(case.folder / "b"), "--threads", "1", "--quiet",
                        config=case.config)
    assert {k: v for k, v in json.loads(stdout).items() if k != "run"} == {k: v for k, v in line.items() if k != "run"}
    file = case.folder / "b" / "model.onnx"
    assert file.read_bytes() == (case.folder / "a" / "model.onnx").read_bytes()
    assert line["onnx_bytes"] == file.stat().st_size
    preprocessing = json.loads((case.folder / "float" / "network.json").read_text())["preprocessing"]
    for key in ("mean", "std"):
        assert json.dumps(preprocessing[key]).replace(" ", "").encode() in file.read_bytes(), key
    again, _ = command("tinytrain-compile", "inspect", str(file))
    first, _ = command("tinytrain-compile", "inspect", str(case.folder / "a" / "model"))
    for key in ("macs", "weight_bytes"):
        assert json.loads(again)["totals"][key] == json.loads(first)["totals"][key], key
    adapt = {"data": case.data, "head": "keep", "scheme": "last:1", "method": {"epochs": 1}}
    for network in (str(file), str(case.folder / "a" / "model")):
        stdout, _ = command("tinytrain-compile", "adapt", "-", "--out", str(case.folder / f"adapted{len(network)}"), "--quiet",
                            config=adapt | {"network": network})
        assert json.loads(stdout)["before"]["accuracy"] == line["int8"]["accuracy"], (network, stdout)


def same_bytes(case: Case) -> None:
    case.run("a")
    case.run("b", "--threads", "3")
    for name in ("model/model.ir", "model/model.safetensors", "report.html"):
        assert (case.folder / "a" / name).read_bytes() == (case.folder / "b" / name).read_bytes(), f"{name} differs"
    results = [case.result(out) for out in "ab"]
    for result in results:
        result.pop("run")
        result["config"].pop("threads")
    assert results[0] == results[1], "result.json differs"
    # Done before: the same line again; another config is refused.
    first, second = case.run("a")[0], case.run("a")[0]
    assert first == second and first["id"] == results[0]["quantized"]["id"]
    _, stderr = case.run("a", "--seed", "7", expect=2)
    assert "another config or seed" in stderr, stderr


def classes(case: Case) -> None:
    """`data.classes` numbers the classes anew, in training, in calibration and in adaptation; another choice is another run."""
    line, _ = case.run("as-they-are")
    turned, _ = case.run("turned", config=case.changed(data__classes=["1", "0"]))
    assert turned["float"]["accuracy"] == 1 - line["float"]["accuracy"] < 0.1, (line, turned)
    _, stderr = case.run("turned", expect=2)
    assert "another config or seed" in stderr, stderr
    case.data = case.data | {"classes": ["1", "0"]}
    case.train("float-turned")
    again, _ = case.run("both", config=case.changed(network=str(case.folder / "float-turned"), data=case.data))
    assert again["float"]["accuracy"] > 0.95, again
    adapt = {"network": str(case.folder / "both" / "model"), "data": case.data, "head": "keep", "method": {"epochs": 1}}
    stdout, _ = command("tinytrain-compile", "adapt", "-", "--out", str(case.folder / "adapted"), "--quiet", config=adapt)
    assert json.loads(stdout)["before"]["accuracy"] == again["int8"]["accuracy"]
    refused(case, ["/data/classes/1", "is no class: '2'", "0 to 1"], data__classes=["0", "2"])
    refused(case, ["/data/classes/0", "must be text"], data__classes=[None, 2])
    _, stderr = command("tinytrain-compile", "contribute", "-", "--out", str(case.folder / "parts"), "--quiet", expect=2,
                        config={"network": adapt["network"], "data": case.data | {"classes": ["0", "O"]}})
    assert "/data/classes/1: is no class: 'O'" in stderr, stderr


def refused(case: Case, words, **changes) -> str:
    _, stderr = case.run("out", config=case.changed(**changes), expect=2)
    for word in words:
        assert word in stderr, f"no '{word}' in: {stderr}"
    assert not (case.folder / "out" / "result.json").exists()
    return stderr


def wrong_input(case: Case) -> None:
    refused(case, ["network", "network.json"], network="")
    refused(case, ["none.json"], network=str(case.folder / "none.json"))
    refused(case, ["/calibration/images", "1", "got 0"], calibration__images=0)
    refused(case, ["/calibration/method", "minmax"], calibration__method="min-max")
    refused(case, ["/calibration/percentile", "[50, 100]"], calibration__percentile=20)
    refused(case, ["/rounding", "tflite"], rounding="tflight")
    refused(case, ["no-images"], data__path=str(case.folder / "no-images"))
    refused(case, ["[1, 1, 8, 8]", "[1, 1, 9, 9]", "data.resolution"], data__resolution=9)
    # A network for other classes, and one that is on integers.
    three = case.folder / "three"
    three.mkdir()
    for path in (case.folder / "data").iterdir():
        blob = bytearray(path.read_bytes())
        if "labels" in path.name:
            blob[-1] = 2
        (three / path.name).write_bytes(blob)
    refused(case, ["gives [1, 2]", "has 3 classes", "adapt"], data__path=str(three))
    case.run("int8")
    refused(case, ["i8", "quantised already"], network=str(case.folder / "int8" / "model"))


def activations(case: Case) -> None:
    """h_swish becomes a table on integers."""
    source = json.loads((case.folder / "float" / "network.json").read_text())
    target = case.folder / "swish"
    target.mkdir()
    (target / "weights.safetensors").write_bytes((case.folder / "float" / "weights.safetensors").read_bytes())
    source["first_conv"]["act_func"] = "h_swish"
    (target / "network.json").write_text(json.dumps(source))
    case.run("int8", config=case.changed(network=str(target)))
    text = (case.folder / "int8" / "model" / "model.ir").read_text()
    assert re.search(r"first_conv\.act: i8.* = h_swish\(first_conv\.conv\)", text), text


def constant_images(case: Case) -> None:
    folder = case.folder / "grey"
    folder.mkdir()
    for prefix, count in (("train", 4), ("t10k", 4)):
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 8, 8) + bytes([127] * 64 * count))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + bytes([0, 1] * (count // 2)))
    statistics = {"data__path": str(folder), "data__mean": [0.4], "data__std": [0.3]}
    refused(case, ["every image", "one value in all its pixels", "some hundred images", "every class"], **statistics)
    refused(case, ["the one image", "one value in all its pixels"], calibration__images=1, **statistics)
    # One image that is no single colour works, and a note says how little that is.
    line, stderr = case.run("one", config=case.changed(calibration__images=1), quiet=False)
    assert any("all ranges come from one image" in note for note in line["notes"]), line["notes"]
    assert "all ranges come from one image" in stderr, stderr


def damaged_weights(case: Case) -> None:
    def set_first(wanted: str, value: float):
        def change(name, values):
            if name == wanted:
                values[0] = value
        return change

    refused(case, [f"{CONV}: holds nan at place 0", "no finite number"], network=case.weights_with(set_first(CONV, math.nan)))
    norm = CONV.replace("conv.weight", "bn.")
    refused(case, ["running_var: has the variance"], network=case.weights_with(set_first(norm + "running_var", -1.0)))
    # Finite, but the activations are not.
    refused(case, ["gives numbers that are not finite"], network=case.weights_with(
        lambda name, values: values.__setitem__(slice(None), [3e38] * len(values)) if name == "classifier.linear.weight" else None))


def dead(case: Case) -> None:
    """A layer that batch norm switched off, and the channels of zeros that make it so."""
    norm = CONV.replace("conv.weight", "bn.")

    def change(name, values):
        if name.startswith(norm) and name.split(".")[-1] in ("weight", "bias"):
            values[:] = [0.0] * len(values)

    line, _ = case.run("dead", config=case.changed(network=case.weights_with(change)))
    notes = "\n".join(line["notes"])
    assert re.search(r"depth_conv.* gave 0 alone on the calibration images", notes), notes
    assert "8 of 8 channels hold zeros alone" in notes, notes
    layer = next(layer for layer in case.result("dead")["layers"] if layer.get("zero_channels"))
    assert layer["scale"] > 0 and layer["snr_db"] is None, layer
    assert abs(line["float"]["accuracy"] - line["int8"]["accuracy"]) <= 0.1, line


def without_torch(case: Case) -> None:
    """tinytrain-compile loads no torch, and alone it says what quantize and fp32 need."""
    binary = (BIN / "tinytrain-compile").read_bytes()
    assert b"libtorch" not in binary and b"libc10" not in binary, "tinytrain-compile is linked with torch"
    alone = case.folder / "alone"
    alone.mkdir()
    tool = alone / "tinytrain-compile"
    shutil.copy(BIN / "tinytrain-compile", tool)
    for arguments, config in ((("quantize",), case.config), (("adapt", "--set", "method.kind=fp32"), {"network": "any"})):
        done = subprocess.run([tool, *arguments, "-", "--out", case.folder / "none"], input=json.dumps(config), capture_output=True, text=True)
        assert done.returncode == 2 and str(alone / "tinytrain-float") in done.stderr, done.stderr
        assert not (case.folder / "none").exists()
    done = subprocess.run([BIN / "tinytrain-float"], input="", capture_output=True, text=True)
    assert done.returncode == 2 and "a part of tinytrain-compile" in done.stderr, done.stderr


if __name__ == "__main__":
    sys.exit(run_cases((without_torch, whole_way, onnx_file, learns_on, same_bytes, classes, wrong_input, activations, constant_images, damaged_weights, dead), Case))
