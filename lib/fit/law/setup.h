// What every fit of a law needs before it starts: options, the runs, bounds and weights made ready, and where
// to begin: a scan over the parameters that are not linear, with non-negative least squares inside, or random
// draws (see fit.h). Refits (bootstrap, profiles) share it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
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

// Where a fit begins.
struct Start {
  std::vector<double> theta;  // in working units
  double score = 0;           // the objective with a wide δ
};

// scan_points candidates, best first; those that cannot be evaluated are left out.
std::vector<Start> find_starts(Problem& problem, const Setup& setup, int scan_points, base::Random& random);

}  // namespace frugal::fit
