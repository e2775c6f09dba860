#!/usr/bin/env python3
"""One search for two devices that differ: one image at a time, and 64 at a time, both on one thread of this machine.

usage: scripts/nas_devices.py [--bin build/bin/nas-search] [--work out/nas-devices] [--seed 1] [--steps 1200] …

The space is configs/search/fashion.json. At batch 1 a block costs much the same whatever is in it; at batch 64 it costs
what it computes. Each step is kept in the work folder, so the script can be stopped and started again:
  1. a latency table a device (nas-search profile);
  2. one search with both devices, the loss of each CE + lambda (E - reference) / reference, where the reference is --aim
     times the predicted latency of MobileNetV2 at width 1 on it;
  3. the two networks, each trained from scratch with every one of --train-seeds;
  4. both measured on both devices (nas-search profile --serve), in turn, --measure times; the least counts.
Prints one JSON object: each network with its test errors, and predicted and measured latency on each device.
"""
import argparse
import json
import pathlib
import statistics
import sys

from nas_mobilenet import ROOT, Work, mobilenet, run

SPACE = ROOT / "configs/search/fashion.json"
BATCHES = {"one-image": 1, "batch-64": 64}


def profile(args, folder, batch):
    table = folder / f"latency-{batch}.json"
    if not table.exists():
        run([args.bin, "profile", SPACE, "--threads", 1, "--batch", batch, "--out", table, "--set", "meter.clock=cpu",
             "--set", "meter.rounds=11", "--set", "meter.quantile=0.25", "--quiet"])
    return table


def latency(args, network, table):
    return json.loads(run([args.bin, "latency", network, "--table", table]))["latency_ms"]


def search(args, folder, tables):
    described = folder / "mobilenet.json"
    words = [word for key, value in mobilenet(1.0).items() for word in ("--set", f"{key}={value}")]
    run([args.bin, "network", "--out", described, "--quiet", *words])
    devices = [{"name": name, "metric": "latency_ms", "table": str(table), "loss": "add_linear", "lambda": args.weight,
                "reference": args.aim * latency(args, described, table)} for name, table in tables.items()]
    settings = {"workers": 0, "data.fraction": args.fraction, "schedule.warmup_epochs": 1, "schedule.epochs": args.epochs,
                "schedule.skip_epochs": 0.1, "strategy.lr": args.lr, "devices": json.dumps(devices)}
    words = [args.bin, "search", SPACE, "--seed", args.seed, "--threads", 1, "--out", folder / "search", "--quiet",
             "--resume"]
    for key, value in settings.items():
        words += ["--set", f"{key}={value}"]
    return json.loads(run(words))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/bin/nas-search"))
    parser.add_argument("--work", default="out/nas-devices")
    parser.add_argument("--seed", type=int, default=1, help="of the search")
    parser.add_argument("--train-seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--fraction", type=float, default=1.0, help="of the training images")
    parser.add_argument("--steps", type=int, default=1200, help="of a training from scratch")
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--lr", type=float, default=0.05, help="of the architecture")
    parser.add_argument("--weight", type=float, default=0.1, help="lambda of the losses")
    parser.add_argument("--aim", type=float, default=0.5, help="reference latency, of MobileNetV2's")
    parser.add_argument("--measure", type=int, default=5)
    args = parser.parse_args()
    folder = pathlib.Path(args.work)
    work = Work(args)
    tables = {name: profile(args, folder, batch) for name, batch in BATCHES.items()}
    found = search(args, folder, tables)
    files = {name: folder / "search" / name / "network.json" for name in BATCHES}
    measured = {name: work.measure(list(files.values()), batch) for name, batch in BATCHES.items()}
    networks = []
    for target in found["targets"]:
        file = files[target["name"]]
        errors = [work.train(target["name"], {"file": str(file)}, seed)["error"] for seed in args.train_seeds]
        networks.append({
            "network_of": target["name"], "path": target["network"], "macs": target["macs"],
            "error": statistics.fmean(errors), "deviation": statistics.stdev(errors) if len(errors) > 1 else 0,
            "predicted_ms": {name: latency(args, file, table) for name, table in tables.items()},
            "measured_ms": {name: measured[name][str(file)] for name in BATCHES}})
    print(json.dumps({"search_cpu_seconds": found["run"]["cpu_seconds"], "networks": networks}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
