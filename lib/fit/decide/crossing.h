// Where two fitted systems are equally good.
#pragma once

#include <string>

#include "fit/law/expression_law.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

// Where two systems cross along one variable, the others given (or on their own compute-optimal frontiers,
// variable "budget"). No crossing between low and high: the better one over all of it.
struct Crossing {
  std::string variable;
  bool crosses = false;
  Estimate at;
  double probability = 0;         // share of draws that cross within the range
  double first_better_below = 0;  // probability that A is better at the low end
  double first_better_above = 0;  // … and at the high end
  double low = 0, high = 0;
};
Crossing find_crossing(const Surface& a, const Surface& b, const Cost& cost, const std::string& variable,
                       RunScale at, double low, double high, double coverage);

}  // namespace frugal::fit
