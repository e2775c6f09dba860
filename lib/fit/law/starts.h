// Where a fit begins: a scan over the parameters that are not linear, with non-negative least squares inside,
// or random draws (see fit.h).
#pragma once

#include <vector>

#include "base/random.h"
#include "fit/law/fit.h"

namespace frugal::fit {

struct Start {
  std::vector<double> theta;  // in working units
  double score = 0;           // the objective with a wide δ
};

// scan_points candidates, best first; those that cannot be evaluated are left out.
std::vector<Start> find_starts(Problem& problem, const Setup& setup, int scan_points, base::Random& random);

// Least squares with non-negative coefficients by trying every subset of the (at most 6) columns:
// gram [q·q], right [q], free[k] false: coefficient k keeps the value in solution. Gives the solution.
void small_nnls(const double* gram, const double* right, std::size_t q, double* solution);

}  // namespace frugal::fit
