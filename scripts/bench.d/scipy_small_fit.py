"""What a short Python script for a small fit does: read a CSV, curve_fit of the chinchilla law, print parameters."""
import os
import sys

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded

import numpy as np
from scipy.optimize import curve_fit

runs = np.genfromtxt(sys.argv[1], delimiter=",", names=True)


def law(x, e, a, b, alpha, beta):
    return np.logaddexp(e, np.logaddexp(a - alpha * x[0], b - beta * x[1]))


found, covariance = curve_fit(law, (np.log(runs["params"]), np.log(runs["tokens"])), np.log(runs["loss"]),
                              p0=[0, 5, 5, 0.4, 0.4], maxfev=20000)
print(found, np.sqrt(np.diag(covariance)))
