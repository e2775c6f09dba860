"""The work of tests/bench/fit_bench.cpp as usually done in Python: the chinchilla law, Huber (delta 1e-3, summed)
of the log loss by log-sum-exp, L-BFGS-B with analytic gradients from a grid of starts, then 1,000 bootstrap
refits, each started from the point estimate. Argument: the fit_bench program, which writes the 240 runs. Seconds
are of processor time, one thread.

The grid is 3^5 = 243 starts (the published one has 4,500), and 100 refits are timed and counted ten times."""
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

DELTA = 1e-3
STARTS, REFITS, COUNTED = 3, 100, 1000


def objective(p, log_n, log_d, log_y, weight):
    a, b, e, alpha, beta = p
    terms = np.stack([a - alpha * log_n, b - beta * log_d, np.full_like(log_n, e)])
    predicted = logsumexp(terms, axis=0)
    r = predicted - log_y
    size = np.abs(r)
    loss = np.where(size <= DELTA, 0.5 * r * r, DELTA * (size - 0.5 * DELTA))
    slope = weight * np.clip(r, -DELTA, DELTA)
    share = np.exp(terms - predicted)
    gradient = np.array([
        slope @ share[0], slope @ share[1], slope @ share[2],
        -(slope * share[0]) @ log_n, -(slope * share[1]) @ log_d,
    ])
    return weight @ loss, gradient


def refit(start, data, weight):
    return minimize(objective, start, args=(*data, weight), jac=True, method="L-BFGS-B",
                    options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-12})


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/runs.csv"
        subprocess.run([sys.argv[1], path], check=True)
        runs = np.genfromtxt(path, delimiter=",", names=True)
    data = (np.log(runs["size"]), np.log(runs["data"]), np.log(runs["loss"]))
    ones = np.ones(len(runs))
    start_time = time.process_time()
    grid = [np.linspace(lo, hi, STARTS) for lo, hi in ((0, 25), (0, 25), (-1, 1), (0.1, 1), (0.1, 1))]
    best = min((refit(np.array(s), data, ones) for s in np.stack(np.meshgrid(*grid), -1).reshape(-1, 5)),
               key=lambda found: found.fun)
    fit_seconds = time.process_time() - start_time
    random = np.random.default_rng(0)
    start_time = time.process_time()
    for _ in range(REFITS):
        weight = np.bincount(random.integers(len(ones), size=len(ones)), minlength=len(ones)).astype(float)
        refit(best.x, data, weight)
    refit_seconds = (time.process_time() - start_time) * COUNTED / REFITS
    print(json.dumps({"value": fit_seconds + refit_seconds, "fit_seconds": fit_seconds,
                      "refit_seconds": refit_seconds, "objective": best.fun}))


if __name__ == "__main__":
    main()
