#!/usr/bin/env python3
"""Prints a prediction beside what was measured: compare_prediction.py PREDICTION SMALL_RUNS MEASURED FIT.

PREDICTION is what `scalefit predict` printed for one scale, SMALL_RUNS the runs.jsonl it was fitted to,
MEASURED a runs.jsonl that holds runs at that scale, FIT what `scalefit fit` printed, for what it says of itself.
"""
import json
import statistics
import sys


def lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def main():
    prediction_path, small_path, measured_path, fit_path = sys.argv[1:5]
    with open(prediction_path) as file:
        prediction = json.load(file)["predictions"][0]
    at, error = prediction["at"], prediction["error"]
    small = lines(small_path)
    large = [r for r in lines(measured_path)
             if r["parameters"] == at["size"] and r["train_examples"] == at["data"]]
    if not large:
        sys.exit(f"compare_prediction: {measured_path} has no run of {at}")
    measured = statistics.mean(r["test_error"] for r in large)
    spent = sum(r["compute"] for r in small)
    one = statistics.mean(r["compute"] for r in large)
    inside = "inside" if error["low"] <= measured <= error["high"] else "outside"
    print(f"""
The error of the largest network ({at['size']:,.0f} parameters) on all the data ({at['data']:,.0f} images),
predicted from {len(small)} small runs (at most {max(r['parameters'] for r in small):,} parameters and {max(r['train_examples'] for r in small):,} images):

  predicted   {100 * error['value']:.2f} %   95 % interval {100 * error['low']:.2f} … {100 * error['high']:.2f} %
  measured    {100 * measured:.2f} %   mean of {len(large)} runs, {inside} the interval; predicted / measured = {error['value'] / measured:.3f}
  compute     one large run costs {one / spent:.0f} times what all the small ones together cost
              ({one:.3g} against {spent:.3g} floating-point operations)
""")
    with open(fit_path) as file:
        for note in json.load(file)["fits"][0]["notes"]:
            print(f"  note: {note}")


if __name__ == "__main__":
    main()
