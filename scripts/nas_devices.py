#!/usr/bin/env python3
"""Searches for two devices at once: one image at a time, and 64 at a time, both on one thread of this machine.

usage: scripts/nas_devices.py [--bin build/bin/nas-search] [--work out/nas-devices] [--seeds 1 2 3] [--weights 0.3 0.3]

The space is configs/search/devices.json. Each step is kept in the work folder:
  1. a latency table a device (nas-search profile);
  2. one search a seed with both devices, each with the loss CE + weight (E - reference) / reference on its own table;
     the reference is the device's latency of the network with 3e3 in every block;
  3. both networks trained from scratch for --steps steps of 64 images and tested, and measured on both devices
     (nas-search profile --serve), in turn, --measure times; the least counts.
Prints a JSON line a network: its test error, its predicted and measured latency on each device.
"""
import argparse
import json
import pathlib
import sys

from nas_mobilenet import ROOT, measure, profile, run, train_and_test
from nas_table import read_jsonc

CONFIG = ROOT / "configs/search/devices.json"
BATCHES = {"one-image": 1, "batch-64": 64}
DATA = {"kind": "fashion-mnist", "validation": 0.2}


def latency(args, network, table):
    return json.loads(run([args.bin, "latency", network, "--table", table]))["latency_ms"]


def reference(args, folder):
    """The network with 3e3 in every block."""
    space = read_jsonc(CONFIG)["space"]
    row = [float(candidate == "3e3") for candidate in space["candidates"]]
    alpha = folder / "reference-alpha.json"
    alpha.write_text(json.dumps({"alpha": [row] * sum(stage["depth"] for stage in space["stages"])}))
    run([args.bin, "derive", CONFIG, "--alpha", alpha, "--out", folder / "reference"])
    return folder / "reference" / "network.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/bin/nas-search"))
    parser.add_argument("--work", default="out/nas-devices")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--weights", type=float, nargs=2, default=[0.3, 0.3], help="of the latency in the loss")
    parser.add_argument("--steps", type=int, default=600, help="of a training from scratch")
    parser.add_argument("--measure", type=int, default=5)
    args = parser.parse_args()
    folder = pathlib.Path(args.work)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {name: profile(args, CONFIG, folder / f"latency-{batch}.json", batch) for name, batch in BATCHES.items()}
    middle = reference(args, folder)
    devices = [{"name": name, "metric": "latency_ms", "table": str(table), "loss": "add_linear", "lambda": weight,
                "reference": latency(args, middle, table)} for (name, table), weight in zip(tables.items(), args.weights)]
    for seed in args.seeds:
        out = folder / f"search-s{seed}"
        found = json.loads(run([args.bin, "search", CONFIG, "--seed", seed, "--out", out, "--quiet", "--resume", "--set",
                                f"devices={json.dumps(devices)}"]))
        files = [out / name / "network.json" for name in BATCHES]
        measured = {name: measure(args, files, batch) for name, batch in BATCHES.items()}
        for target, file in zip(found["targets"], files):
            trained = file.parent / "trained"
            error = train_and_test(args, trained, {"file": str(file)}, DATA, seed, trained / "runs.jsonl")
            print(json.dumps({
                "seed": seed, "network_of": target["name"], "network": target["network"],
                "test_error": round(error, 4),
                "predicted_ms": {name: round(latency(args, file, table), 4) for name, table in tables.items()},
                "measured_ms": {name: round(measured[name][str(file)], 4) for name in BATCHES},
                "search_cpu_seconds": round(found["run"]["cpu_seconds"], 1)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
