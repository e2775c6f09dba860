// The best split of a training cost between model and data, and what it reaches. The optimum of each draw is
// looked for around that of the estimate, in ln N.
#pragma once

#include <vector>

#include "fit/decide/decide.h"
#include "fit/law/expression_law.h"

namespace frugal::fit {

// The least error that a training cost allows.
struct Allocation {
  double budget = 0;
  Estimate size, data, error;
  bool interior = true;  // false: the optimum lies at the edge of the sizes that were looked at
};
Allocation optimal_allocation(const Surface& surface, const Cost& cost, double budget, double coverage);
// The least budget whose optimal allocation reaches the target error.
Reach budget_for_target(const Surface& surface, const Cost& cost, double target, double coverage);

// error against size at one budget, the data being what the budget buys.
struct IsoFlopPoint {
  double size = 0, data = 0;
  Estimate error;
};
std::vector<IsoFlopPoint> isoflop_curve(const Surface& surface, const Cost& cost, double budget, int count,
                                        double coverage);

}  // namespace frugal::fit
