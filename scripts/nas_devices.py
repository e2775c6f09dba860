#!/usr/bin/env python3
"""Searches for two devices at once: one image at a time, and 64 at a time, both on one thread of this machine.

usage: scripts/nas_devices.py [--bin build/bin/nas-search] [--work out/nas-devices] [--seeds 1 2 3] [--limits 0.7 0.65]

The space is configs/search/fashion-table.json, all of whose networks data/nas_fashion_space.jsonl has trained. At batch 1
a block costs much the same whatever is in it, at batch 64 what it computes. Each step is kept in the work folder:
  1. a latency table a device (nas-search profile);
  2. one search a seed with both devices, each with a hard limit: --limits, of the heaviest network's predicted latency;
  3. both networks measured on both devices (nas-search profile --serve), in turn, --measure times; the least counts.
Prints a JSON line a network: its test error (the table's mean), predicted and measured latency on each device.
"""
import argparse
import json
import pathlib
import statistics
import sys

from nas_mobilenet import ROOT, measure, run
from nas_table import prepare

CONFIG = ROOT / "configs/search/fashion-table.json"
HEAVIEST = "5e6w12 | 5e6s2w24 5e6"
BATCHES = {"one-image": 1, "batch-64": 64}


def profile(args, folder, batch):
    table = folder / f"latency-{batch}.json"
    if not table.exists():
        run([args.bin, "profile", CONFIG, "--threads", 1, "--batch", batch, "--out", table, "--set", "meter.clock=cpu",
             "--set", "meter.rounds=11", "--set", "meter.quantile=0.25", "--quiet"])
    return table


def latency(args, network, table):
    return json.loads(run([args.bin, "latency", network, "--table", table]))["latency_ms"]


def heaviest(args, folder):
    file = folder / "heaviest.json"
    shape = {"blocks": HEAVIEST, "stem": 8, "input_channels": 1, "classes": 10, "resolution": 14}
    run([args.bin, "network", "--out", file, "--quiet", *(w for k, v in shape.items() for w in ("--set", f"{k}={v}"))])
    return file


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/bin/nas-search"))
    parser.add_argument("--work", default="out/nas-devices")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--limits", type=float, nargs=2, default=[0.7, 0.65], help="one image, 64: of the heaviest's")
    parser.add_argument("--measure", type=int, default=5)
    args = parser.parse_args()
    folder = pathlib.Path(args.work)
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder / "images")
    tables = {name: profile(args, folder, batch) for name, batch in BATCHES.items()}
    largest = heaviest(args, folder)
    devices = [{"name": name, "metric": "latency_ms", "table": str(table),
                "limits": {"latency_ms": limit * latency(args, largest, table)}}
               for (name, table), limit in zip(tables.items(), args.limits)]
    errors = {}
    for line in map(json.loads, (ROOT / "data/nas_fashion_space.jsonl").read_text().splitlines()):
        errors.setdefault(tuple(line["choice"]), []).append(line["test_error"])
    for seed in args.seeds:
        out = folder / f"search-s{seed}"
        found = json.loads(run([args.bin, "search", CONFIG, "--seed", seed, "--out", out, "--quiet", "--resume", "--set",
                                f"data.path={folder}/images", "--set", f"devices={json.dumps(devices)}"]))
        files = [out / name / "network.json" for name in BATCHES]
        measured = {name: measure(args, files, batch) for name, batch in BATCHES.items()}
        for target, file in zip(found["targets"], files):
            print(json.dumps({
                "seed": seed, "network_of": target["name"], "network": target["network"],
                "test_error": statistics.fmean(errors[tuple(block["chosen"] for block in target["blocks"])]),
                "predicted_ms": {name: round(latency(args, file, table), 4) for name, table in tables.items()},
                "measured_ms": {name: round(measured[name][str(file)], 4) for name in BATCHES},
                "search_cpu_seconds": round(found["run"]["cpu_seconds"], 1)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
