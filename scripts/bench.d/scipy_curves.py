"""The work of tests/bench/curves_bench.cpp as usually done in Python: each law fitted to ln y by least squares
from several starts. Argument: the curves_bench program, which writes the 72 curves. Seconds are of processor
time, one thread. Less is asked of this side: no rolling hold-outs and no second fit with a GP discrepancy."""
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded

import numpy as np
from scipy.optimize import brentq, least_squares

STARTS = 8


def m4(p, x):  # ln(e0 - y) is solved for: (y - e) / (e0 - y)^a = b x^-c
    e0, e = np.exp(p[3]), np.exp(p[3]) / (1 + np.exp(-p[4]))
    right = np.exp(p[0] - np.exp(p[1]) * np.log(x))
    solve = lambda r: brentq(lambda y: (y - e) - r * (e0 - y) ** np.exp(p[2]), e, e0 * (1 - 1e-12))
    return np.log(np.array([solve(r) for r in right]))


LAWS = {
    "m1": (2, lambda p, x: p[0] - np.exp(p[1]) * np.log(x)),
    "m2": (3, lambda p, x: np.logaddexp(p[2], p[0] - np.exp(p[1]) * np.log(x))),
    "m3": (3, lambda p, x: p[0] - np.exp(p[1]) * np.logaddexp(np.log(x), p[2])),
    "m4": (5, m4),
    "bnsl": (6, lambda p, x: np.logaddexp(p[2], p[0] - np.exp(p[1]) * np.log(x) - p[3] * np.exp(p[5]) * np.logaddexp(
        0, (np.log(x) - p[4]) / np.exp(p[5])))),
    "rosenfeld": (4, lambda p, x: p[0] - 0.5 * np.logaddexp(0, -2 * np.logaddexp(
        p[1] - np.exp(p[2]) * np.log(x), p[3]))),
}


def fit(law, size, x, y, random):
    best = np.inf
    for _ in range(STARTS):
        try:
            found = least_squares(lambda p: law(p, x) - np.log(y), random.normal(size=size), method="trf",
                                  max_nfev=200)
            best = min(best, found.cost)
        except ValueError:  # a start from which this law has no values
            continue
    return best


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/curves.csv"
        subprocess.run([sys.argv[1], path], check=True)
        rows = np.genfromtxt(path, delimiter=",", names=True)
    random = np.random.default_rng(0)
    np.seterr(all="ignore")
    start = time.process_time()
    costs = {name: [] for name in LAWS}
    for curve in np.unique(rows["curve"]):
        own = rows[rows["curve"] == curve]
        x = own["x"] / own["x"].max()
        for name, (size, law) in LAWS.items():
            costs[name].append(fit(law, size, x, own["y"], random))
    print(json.dumps({"value": time.process_time() - start,
                      "rmse": {name: float(np.median(np.sqrt(2 * np.array(c) / 24))) for name, c in costs.items()}}))


if __name__ == "__main__":
    main()
