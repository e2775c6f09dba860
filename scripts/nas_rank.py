#!/usr/bin/env python3
"""Ranks the answers of a search among all networks of its space, which data/nas_fashion_space.jsonl has trained.

usage: scripts/nas_rank.py [--bin build/bin/nas-search] [--work out/nas-table] [--seeds 1 2 3 4 5]
       [--by test] [--strategy recompute] [--set a=b …]

For each seed: a search (configs/search/fashion-table.json), its network looked up in the table, and the network's rank
by test error, the mean over the table's trainings of a network. Random search at equal compute trains as many networks of
the table, once each, as the search's processor seconds pay for, and takes the one with the least validation error; its
expected rank and test error are over 4,000 draws. The search never sees the table or the test images; --by validation
ranks by the held-out images that it sees anyway, for choosing its settings. One JSON line a seed on standard output, the
summary last. The images are made by scripts/nas_table.py.
"""
import argparse
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/bin/nas-search"))
    parser.add_argument("--work", default="out/nas-table")
    parser.add_argument("--table", default=str(ROOT / "data/nas_fashion_space.jsonl"))
    parser.add_argument("--config", default=str(ROOT / "configs/search/fashion-table.json"))
    parser.add_argument("--strategy", default="recompute")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--by", choices=["test", "validation"], default="test",
                        help="the error that ranks; validation for choosing settings")
    parser.add_argument("--set", action="append", default=[])
    args = parser.parse_args()
    table = [json.loads(line) for line in pathlib.Path(args.table).read_text().splitlines()]
    by_choice = {}
    for line in table:
        by_choice.setdefault(tuple(line["choice"]), []).append(line)
    mean = lambda lines, key: statistics.fmean(line[key] for line in lines)
    networks = [{"choice": choice, "error": mean(lines, f"{args.by}_error"), "seconds": mean(lines, "train_cpu_seconds"),
                 "validation_errors": [line["validation_error"] for line in lines]} for choice, lines in by_choice.items()]
    errors = sorted(n["error"] for n in networks)
    rank_of = lambda error: sum(e < error for e in errors) + 1
    training_seconds = statistics.fmean(n["seconds"] for n in networks)
    share = lambda rank: rank / len(errors)
    results = []
    for seed in args.seeds:
        out = pathlib.Path(args.work) / "search"
        shutil.rmtree(out, ignore_errors=True)
        words = [args.bin, "search", args.config, "--seed", str(seed), "--out", str(out), "--quiet", "--set",
                 f"data.path={args.work}/images", "--set", f"strategy.kind={args.strategy}"]
        for setting in args.set:
            words += ["--set", setting]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        result = json.loads(done.stdout)
        target = result["targets"][0]
        choice = tuple(block["chosen"] for block in target["blocks"])
        found = next((n for n in networks if n["choice"] == choice), None)
        if not found:
            raise SystemExit(f"the table lacks {choice}: let scripts/nas_table.py finish")
        seconds = result["run"]["cpu_seconds"]
        trainings = seconds / training_seconds
        draw = random.Random(seed)
        picked = []
        for _ in range(4000):
            tried = draw.sample(networks, max(1, min(len(networks), round(trainings))))
            picked.append(min(tried, key=lambda n: draw.choice(n["validation_errors"]))["error"])  # one training each
        rank = rank_of(found["error"])
        results.append({
            "seed": seed, "strategy": args.strategy, "network": target["network"], "error": round(found["error"], 5),
            "rank": rank, "of": len(errors), "top": round(share(rank), 4), "entropy": round(target["entropy"], 3),
            "search_cpu_seconds": round(seconds, 1), "trainings": round(trainings, 2),
            "random_error": round(statistics.fmean(picked), 5),
            "random_top": round(statistics.fmean(share(rank_of(e)) for e in picked), 4)})
        print(json.dumps(results[-1]), flush=True)
    print(json.dumps({
        "strategy": args.strategy, "seeds": len(results), "networks": len(errors), "by": args.by, "best_error": errors[0],
        "median_error": statistics.median(errors), "in_top_5_percent": sum(r["top"] <= 0.05 for r in results),
        "mean_error": round(statistics.fmean(r["error"] for r in results), 5),
        "random_mean_error": round(statistics.fmean(r["random_error"] for r in results), 5),
        "better_than_random": sum(r["error"] < r["random_error"] for r in results),
        "mean_trainings": round(statistics.fmean(r["trainings"] for r in results), 2)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
