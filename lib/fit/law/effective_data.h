// Data that repeats counts for less: of D examples, U = min(D, unique) are distinct and R = D/U − 1
// repetitions wear out, D' = U + U r (1 − e^(−R/r)) (Muennighoff et al. 2023, equation 5).
#pragma once

#include "fit/runs/runs.h"

namespace frugal::fit {

// x' of x examples (or parameters) of which `unique` are distinct, with its derivatives. rate: r.
struct Effective {
  double value, by_unique, by_rate;
};
Effective effective_amount(double x, double unique, double rate);

// At the published rate, R*_D = 15.39.
double effective_data(double data, double unique_data);

// Runs with that in place of their data. Runs without unique_data come back as they are.
Runs with_effective_data(Runs runs);

}  // namespace frugal::fit
