#!/usr/bin/env python3
"""Networks that the search finds on the normal small space against MobileNetV2 at several widths, on this machine.

usage: scripts/nas_mobilenet.py [--bin build/bin/nas-search] [--work out/nas-mobilenet] [--seeds 1 2 3] [--steps 1200] …

The space is configs/search/fashion.json, the device one thread at batch 1. Each step is kept in the work folder, so the
script can be stopped and started again:
  1. a latency table of the space (nas-search profile);
  2. a search a seed with the loss CE + lambda (E - reference) / reference, where the reference is --aim times the
     predicted latency of MobileNetV2 at width 1; the network that it finds is trained from scratch;
  3. MobileNetV2: the space's stages with 3x3 kernels and expansion 6 in every block, at --widths (below 1 the last 1x1
     convolution keeps its width, as in the paper), trained from scratch in the same way with every seed.
All networks are then measured by one process (nas-search profile --serve), in turn, --measure times; the least counts.
One JSON line a network on standard output, the summary last. `speedup` is how much longer MobileNetV2 takes at the
error of the found network (between two widths a straight line in the logarithm of the latency, of mean errors): where the
found network beats every width it is that of the best one, a lower bound, and `beats_all` is true. `error_at_latency` is
MobileNetV2's error at the found network's latency; where no width is so fast it is that of the fastest, which then has more
time. `trainings` is the processor time of the search in trainings of what it found.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCKS = "3e6s2w16 3e6 3e6 | 3e6s2w24 3e6 3e6 | 3e6s1w40 3e6"  # the stages of configs/search/fashion.json


SHAPE = {"stem": 16, "stem_stride": 1, "input_channels": 1, "classes": 10, "resolution": 28, "head": 128}


def run(words, text=None):
    done = subprocess.run([str(w) for w in words], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def profile(args, config, table, batch=1):
    """A latency table of the config's space on one thread, kept."""
    if not table.exists():
        run([args.bin, "profile", config, "--threads", 1, "--batch", batch, "--out", table, "--set", "meter.clock=cpu",
             "--set", "meter.rounds=11", "--set", "meter.quantile=0.25", "--quiet"])
    return table


def train_and_test(args, folder, network, data, seed, runs):
    """Test error of a network trained from scratch for args.steps steps of 64 images; kept in the folder."""
    config = {"seed": seed, "threads": 1, "workers": 0, "batch_size": 64, "data": data, "runs": str(runs), "network": network,
              "loop": {"steps": args.steps, "schedule": {"lr_peak": 0.15, "warmup_steps": args.steps // 8}}}
    result = folder / "test.json"
    if not result.exists():
        run([args.bin, "train", "-", "--out", folder, "--quiet", "--resume"], json.dumps(config))
        result.write_text(run([args.bin, "evaluate", folder / "network.json", "--weights", folder / "weights.safetensors",
                               "--data", "-", "--split", "test", "--threads", 1, "--quiet"], json.dumps(data)))
    return json.loads(result.read_text())["error"]


class Work:
    def __init__(self, args):
        self.args, self.folder = args, pathlib.Path(args.work)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.table = self.folder / "latency.json"
        self.data = {"kind": "fashion-mnist", "validation": 0.2, "fraction": args.fraction}

    def train(self, name, network, seed):
        """Test error, processor seconds and the network's file."""
        folder = self.folder / f"{name}-s{seed}"
        error = train_and_test(self.args, folder, network, self.data, seed, self.folder / "runs.jsonl")
        whole = json.loads((folder / "result.json").read_text())
        return {"network": name, "seed": seed, "error": error, "macs": whole["runs_line"]["macs"],
                "cpu_seconds": whole["run"]["processor_seconds"], "file": folder / "network.json"}

    def search(self, seed, reference):
        folder = self.folder / f"search-s{seed}"
        words = [self.args.bin, "search", ROOT / "configs/search/fashion.json", "--seed", seed, "--threads", 1, "--out", folder,
                 "--quiet", "--resume"]
        settings = {"workers": 0, "data.fraction": self.args.fraction, "schedule.warmup_epochs": self.args.warmup_epochs,
                    "schedule.epochs": self.args.epochs, "schedule.skip_epochs": 0.1, "strategy.lr": self.args.lr,
                    "objective.metric": "latency_ms", "objective.table": self.table, "objective.loss": "add_linear",
                    "objective.reference": reference, "objective.lambda": self.args.weight,
                    "strategy.rerank": self.args.rerank}
        for key, value in settings.items():
            words += ["--set", f"{key}={value}"]
        return json.loads(run(words))


def measure(args, files, batch=1):
    """Milliseconds by file, on one thread: the least of several visits, all networks in turn."""
    networks = [json.loads(pathlib.Path(f).read_text()) for f in files]
    questions = [{"id": i, "kind": "network", "batch": batch, "threads": 1, "network": n}
                 for _ in range(args.measure) for i, n in enumerate(networks)]
    text = "".join(json.dumps(q) + "\n" for q in questions)
    answers = run([args.bin, "profile", "--serve", "--threads", 1, "--set", "meter.clock=cpu"], text).splitlines()
    times = {}
    for line in map(json.loads, answers):
        times.setdefault(line["id"], []).append(line["ms"])
    return {str(f): min(times[i]) for i, f in enumerate(files)}


def mobilenet(width):
    return {**SHAPE, "blocks": BLOCKS, "width_multiplier": width, "head": round(SHAPE["head"] / min(width, 1))}


def between(x, points):
    """y at x on the broken line through points (x, y), by x; that of the nearer end beyond them."""
    points = sorted(points)
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0) if x1 > x0 else y0
    return points[-1][1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/bin/nas-search"))
    parser.add_argument("--work", default="out/nas-mobilenet")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--widths", type=float, nargs="+", default=[0.35, 0.5, 1.0, 1.4],
                        help="of MobileNetV2; 0.75 has nearly the channels of 1")
    parser.add_argument("--fraction", type=float, default=1.0, help="of the training images")
    parser.add_argument("--steps", type=int, default=1200, help="of a training from scratch")
    parser.add_argument("--warmup-epochs", type=float, default=1)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--lr", type=float, default=0.05, help="of the architecture")
    parser.add_argument("--weight", type=float, default=0.1, help="lambda of the loss")
    parser.add_argument("--aim", type=float, default=0.5, help="reference latency, of MobileNetV2's")
    parser.add_argument("--rerank", type=int, default=1)
    parser.add_argument("--measure", type=int, default=5)
    args = parser.parse_args()
    work = Work(args)
    profile(args, ROOT / "configs/search/fashion.json", work.table)
    described = work.folder / "mobilenet.json"
    settings = [word for key, value in mobilenet(1.0).items() for word in ("--set", f"{key}={value}")]
    run([args.bin, "network", "--out", described, "--quiet", *settings])
    reference = args.aim * json.loads(run([args.bin, "latency", described, "--table", work.table]))["latency_ms"]
    trained, searches = [], {}
    for seed in args.seeds:
        searches[seed] = work.search(seed, reference)
        trained.append(work.train("found", {"file": str(work.folder / f"search-s{seed}" / "network.json")}, seed))
    for width in args.widths:
        for seed in args.seeds:
            trained.append(work.train(f"mobilenet-w{width}", mobilenet(width), seed))
    files = {str(line["file"]) for line in trained if line["network"] == "found" or line["seed"] == args.seeds[0]}
    times = measure(args, sorted(files))
    same = {line["network"]: times[str(line["file"])] for line in trained if str(line["file"]) in times}
    curve = []  # MobileNetV2: log of latency, mean error
    for line in trained:
        line["ms"] = times.get(str(line["file"]), same[line["network"]])
        print(json.dumps({**line, "file": str(line["file"])}))
    for width in args.widths:
        lines = [line for line in trained if line["network"] == f"mobilenet-w{width}"]
        errors = [line["error"] for line in lines]
        curve.append((math.log(lines[0]["ms"]), statistics.fmean(errors), statistics.stdev(errors) if len(errors) > 1 else 0))
    found = [line for line in trained if line["network"] == "found"]
    rows = []
    for line in found:
        result = searches[line["seed"]]
        rows.append({
            "seed": line["seed"], "path": result["targets"][0]["network"], "error": line["error"], "ms": line["ms"],
            "predicted_ms": result["targets"][0]["latency_ms"],
            "error_at_latency": between(math.log(line["ms"]), [(t, e) for t, e, _ in curve]),
            "speedup": math.exp(between(line["error"], [(e, t) for t, e, _ in curve])) / line["ms"],
            "beats_all": line["error"] < min(e for _, e, _ in curve),
            "search_cpu_seconds": result["run"]["cpu_seconds"],
            "trainings": result["run"]["cpu_seconds"] / line["cpu_seconds"]})
    spread = lambda values: [statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0]
    print(json.dumps({
        "mobilenet": [{"width": w, "ms": math.exp(t), "error": e, "deviation": d} for w, (t, e, d) in zip(args.widths, curve)],
        "found": rows, **{key: spread([row[key] for row in rows])
                          for key in ("error", "ms", "error_at_latency", "speedup", "trainings")}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
