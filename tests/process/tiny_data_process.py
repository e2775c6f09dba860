#!/usr/bin/env python3
"""The way of a time series from a package to a network on integers that learns: scripts/tiny_data, quantize, adapt.

usage: tiny_data_process.py BIN_DIR
Exit 77 (skipped), with what is absent named: the packages of scripts/tiny_data, torch or onnx.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.argv[1])


def skip(message):
    print(f"SKIPPED: {message}")
    sys.exit(77)


def tool(*arguments, config):
    done = subprocess.run([str(BIN / "tinytrain-compile"), *map(str, arguments), "--quiet", "--threads", "1"], input=json.dumps(config),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main():
    python = SOURCE / ".deps/tiny/bin/python"
    if not python.exists():
        skip("no .deps/tiny (scripts/bench.d/tiny_requirements.txt)")
    kept = SOURCE / "out/tiny"
    with tempfile.TemporaryDirectory(prefix="frugal-tiny-data-") as temp:
        folder = kept if (kept / "vowels.safetensors").exists() else pathlib.Path(temp)
        done = subprocess.run([str(python), str(SOURCE / "scripts/tiny_data"), str(folder), "vowels"], capture_output=True, text=True)
        if done.returncode == 3:
            skip(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        data = {"kind": "tensors", "path": str(folder / "vowels.safetensors")}
        network = str(pathlib.Path(temp) / "vowels.onnx")
        made = subprocess.run([str(python), str(SOURCE / "scripts/bench.d/torch_tiny_networks.py"), "vowels", data["path"], network,
                               "--classes", "0,1,2,3,4,5", "--epochs", "6"], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        in_float = json.loads(made.stdout.splitlines()[-1])
        old, new = {**data, "classes": [str(c) for c in range(6)]}, {**data, "classes": ["6", "7", "8"]}
        line = tool("quantize", "-", "--out", f"{temp}/int8", config={"network": network, "data": old})
        assert abs(line["float"]["accuracy"] - in_float["accuracy"]) < 1e-6, (line, in_float)
        assert abs(line["int8"]["accuracy"] - line["float"]["accuracy"]) < 0.03, line
        line = tool("adapt", "-", "--out", f"{temp}/adapted", config={
            "network": f"{temp}/int8/model", "data": new, "method": {"epochs": 20, "batch_size": 8, "schedule": {"lr_peak": 0.03}}})
        assert line["before"]["accuracy"] < 0.7 and line["accuracy"] > 0.85, line
    print("ok")


if __name__ == "__main__":
    main()
