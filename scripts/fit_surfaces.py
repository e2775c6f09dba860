"""Surfaces and curves whose law is known, with designs like those of published sets, for scripts/fit_calibration.

A surface has a law of the table in lib/fit/law (parameters drawn anew for each), a smooth discrepancy that no law has,
noise from run to run, and a design: isoFLOP budgets, sizes by tokens a parameter, or a grid by halves. Everything
comes from one seed.
"""
import math
import random

LAWS = ("chinchilla", "overtraining", "rosenfeld", "kaplan", "data_constrained")
CURVE_LAWS = ("m1", "m2", "m3", "m4", "bnsl", "rosenfeld_1d")
FACTORS = (1.5, 2, 4, 10, 100, 1700)  # compute of what is predicted, over the largest run's


def effective(amount, unique, rate):
    unique = min(amount, unique)
    return unique + unique * rate * (1 - math.exp(-(amount / unique - 1) / rate))


class Surface:
    """A law at parameters that give its parts at a reference run: floor, share of the data, exponents."""

    def __init__(self, law, rng, misfit, noise):
        self.law, self.noise, u = law, noise, rng.uniform
        self.size, self.data = 10 ** u(7.5, 9.5), 0  # of the largest run at the largest budget
        self.images = law == "rosenfeld" and rng.random() < 0.6
        self.ratio = 10 ** u(1.0, 1.7)  # data per parameter there
        if self.images:
            self.size, self.ratio = 10 ** u(6, 7.5), 10 ** u(-2, 0)
        self.data = self.size * self.ratio
        level = 10 ** u(-1.2, -0.3) if self.images else u(2.1, 3.2)
        self.floor = level * (u(0, 0.35) if self.images else u(0.5, 0.85))
        share, rest = u(0.3, 0.7), level - self.floor
        self.of_data, self.of_size = rest * share, rest * (1 - share)
        self.alpha, self.beta = (u(0.3, 0.8), u(0.3, 0.8)) if self.images else (u(0.22, 0.5), u(0.22, 0.5))  # size, data
        if law == "overtraining":
            self.beta = self.alpha
        self.guess = rng.choice((0.9, 0.99, 0.999)) if self.images else 10.8
        if law == "kaplan":
            self.alpha, self.beta = u(0.05, 0.12), u(0.07, 0.13)
            total = level ** (1 / self.beta)
            self.of_data, self.of_size = total * share, total * (1 - share)
        self.unique = self.data / u(2, 5) if law == "data_constrained" else None  # distinct data of the fitted runs
        # Waves in ln size and ln data, of lengths that published residuals have: two to six e-folds.
        self.waves = [(misfit * math.sqrt(2 / 6), rng.gauss(0, 0.35), rng.gauss(0, 0.35), u(0, 2 * math.pi))
                      for _ in range(6)]

    def distinct(self, data):
        """Of so much data: all that there is, more of it beyond the fitted runs."""
        return min(data, self.unique * max(1, data / self.data)) if self.unique else data

    def true(self, size, data):
        """Error without noise and without discrepancy."""
        counts = effective(data, self.distinct(data), 15.39), effective(self.data, self.distinct(self.data), 15.39)
        m, n = self.size / size, counts[1] / counts[0]
        if self.law == "kaplan":
            return (self.of_size * m ** (self.alpha / self.beta) + self.of_data * n) ** self.beta
        y = self.floor + self.of_size * m ** self.alpha + self.of_data * n ** self.beta
        return y / math.sqrt(1 + (y / self.guess) ** 2) if self.law == "rosenfeld" else y

    def smooth(self, size, data):
        z, x = math.log(size / self.size), math.log(data / self.data)
        bend = sum(a * math.sin(p * z + q * x + s) for a, p, q, s in self.waves)
        return self.true(size, data) * math.exp(bend)

    def measured(self, size, data, rng):
        return self.smooth(size, data) * math.exp(self.noise * rng.gauss(0, 1))

    def best_split(self, product):
        """The size with the least error at size x data = product, by the law alone."""
        low, high = math.log(self.size) - 9, math.log(self.size) + 12
        error = lambda s: self.true(math.exp(s), product / math.exp(s))
        golden = (math.sqrt(5) - 1) / 2
        a, b = high - golden * (high - low), low + golden * (high - low)
        for _ in range(70):
            if error(a) < error(b):
                high, b = b, a
                a = high - golden * (high - low)
            else:
                low, a = a, b
                b = low + golden * (high - low)
        return math.exp((low + high) / 2)


def design(surface, kind, rng):
    """(size, data) of the fitted runs; the largest has about size x data of the surface's reference."""
    size, data = surface.size, surface.data
    runs = []
    if kind == "isoflop":
        budgets, sizes = rng.choice((4, 5, 6)), rng.choice((5, 6, 7))
        for b in range(budgets):
            product = size * data / 10 ** (0.5 * (budgets - 1 - b))
            middle = size / 10 ** (0.25 * (budgets - 1 - b))
            for k in range(sizes):
                n = middle * 2 ** (3 * (k / (sizes - 1) - 0.5))
                runs.append((n, product / n))
    elif kind == "multiples":
        sizes, multiples = rng.choice((4, 5, 6)), rng.choice((4, 6, 8))
        for i in range(sizes):
            for k in range(multiples):
                n = size / 2.2 ** i
                runs.append((n, n * surface.ratio * 2.0 ** (k - multiples + 1)))
    else:
        sizes, amounts = rng.choice((3, 4, 5)), rng.choice((4, 5, 6))
        for i in range(sizes):
            for k in range(amounts):
                runs.append((size / (4 if surface.images else 2) ** i, data / 2 ** k))
    return [run for run in runs for _ in range(surface.seeds)]


def surfaces(seed, count, noise_free=False, factors=FACTORS):
    """(name, surface, rows) of count surfaces; rows: size, data, measured error, 1 to fit or 0 to predict."""
    for i in range(count):
        rng = random.Random(f"{seed}/surface/{i}")
        law = LAWS[i % len(LAWS)]
        misfit, noise = 10 ** rng.uniform(-3.5, -2), 10 ** rng.uniform(-2.8, -2)
        surface = Surface(law, rng, 0 if noise_free else misfit, 0)
        if surface.images:
            noise *= 3
        surface.noise = 0 if noise_free else noise
        surface.seeds = 2 if rng.random() < 0.2 and not noise_free else 1
        kind = "grid" if surface.images else rng.choice(("isoflop", "multiples", "grid"))
        runs = design(surface, kind, rng)
        rows = [(n, d, surface.measured(n, d, rng), 1) for n, d in runs]
        top = max(runs, key=lambda run: run[0] * run[1])
        for factor in factors:  # along the ratio of the largest run
            n, d = top[0] * math.sqrt(factor), top[1] * math.sqrt(factor)
            rows.append((n, d, surface.measured(n, d, rng), 0))
        yield f"{i}/{law}/{kind}", surface, rows


def curve_law(law, rng):
    u = rng.uniform
    level, slope = 10 ** u(-1, 0.5), u(0.1, 0.6)
    if law == "m1":
        return lambda x: level * x ** -slope
    if law == "m2":
        share = u(0.1, 0.8)
        return lambda x: level * (share + (1 - share) * x ** -slope)
    if law == "m3":
        gamma = u(0.02, 0.5)
        return lambda x: level * (1 / x + gamma) ** slope
    if law == "rosenfeld_1d":
        level, part, floor = u(0.6, 1), 10 ** u(-1, 0.3), u(0, 0.3)

        def one(x):
            e = part * (x ** -slope + floor)
            return level * e / math.sqrt(1 + e * e)
        return one
    if law == "bnsl":
        at, sharp, change = 10 ** u(-2, -1), u(0.4, 1), u(-0.5, 0.5) * slope
        return lambda x: level * x ** -slope * (1 + (x / at) ** (1 / sharp)) ** (-change * sharp)
    top, alpha, share, beta = level * u(1.5, 3), u(0.4, 1.5), u(0.02, 0.3), u(0.1, 1)

    def m4(x):  # (y - floor)/(top - y)^alpha = beta x^-slope, by bisection
        floor = share * top
        low, high = floor, top
        for _ in range(200):
            y = (low + high) / 2
            low, high = (y, high) if (y - floor) / (top - y) ** alpha < beta * x ** -slope else (low, y)
        return (low + high) / 2
    return m4


def curves(seed, count, noise_free=False, factors=(2, 4, 16, 64)):
    """(name, true, rows) of count curves; rows: x, measured error, 1 to fit or 0 to predict."""
    for i in range(count):
        rng = random.Random(f"{seed}/curve/{i}")
        law = CURVE_LAWS[i % len(CURVE_LAWS)]
        true = curve_law(law, rng)
        points, span = rng.choice((8, 12, 16, 24, 40)), rng.uniform(1.5, 3)  # decades
        noise = 0 if noise_free else 10 ** rng.uniform(-3, -1.7)
        misfit = 0 if noise_free else 10 ** rng.uniform(-3, -1.9)
        waves = [(misfit * math.sqrt(2 / 4), rng.gauss(0, 0.6), rng.uniform(0, 6.28)) for _ in range(4)]

        def measured(x):
            bend = sum(a * math.sin(w * math.log(x) + s) for a, w, s in waves)
            return true(x) * math.exp(bend + noise * rng.gauss(0, 1))
        rows = [(x, measured(x), 1) for x in (10 ** (-span * (1 - k / (points - 1))) for k in range(points))]
        rows += [(float(x), measured(float(x)), 0) for x in factors]
        yield f"{i}/{law}", true, rows
