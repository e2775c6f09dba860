// What every fit of a law needs before it starts: options, and the runs, bounds and weights made ready.
// Refits (bootstrap, profiles) share it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fit/law/law.h"
#include "fit/law/objective.h"
#include "fit/runs/runs.h"

namespace frugal::fit {

struct FitOptions {
  Objective objective;
  std::uint64_t seed = 0;
  int scan_points = 400;  // of the scan, or random starts that are looked at
  int starts = 12;        // of these, polished
  int restarts = 12;      // at least; more until the minimum was reached min_agreeing times
  int min_agreeing = 6;
  int max_restarts = 200;
  bool use_standard_errors = true;      // weights 1/(se/y)² (log, relative) or 1/se², mean one
  std::map<std::string, double> fixed;  // parameter name -> value
  std::map<std::string, std::pair<double, double>> bounds;
};

// Variables in units of their geometric mean where the law knows how to change units, bounds with the fixed
// parameters in.
struct Setup {
  Inputs inputs;
  std::vector<double> log_unit;
  bool unit_free = false;  // the law changed units
  std::vector<double> lower, upper, weight;

  std::size_t free_count() const;
};
Setup prepare(const Law& law, const Runs& points, const FitOptions& options);

}  // namespace frugal::fit
