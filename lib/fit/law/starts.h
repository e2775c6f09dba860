// Where a fit begins: a scan over the parameters that are not linear, with non-negative least squares inside,
// or random draws (see fit.h).
#pragma once

#include <vector>

#include "base/random.h"
#include "fit/law/setup.h"

namespace frugal::fit {

struct Start {
  std::vector<double> theta;  // in working units
  double score = 0;           // the objective with a wide δ
};

// scan_points candidates, best first; those that cannot be evaluated are left out.
std::vector<Start> find_starts(Problem& problem, const Setup& setup, int scan_points, base::Random& random);

}  // namespace frugal::fit
