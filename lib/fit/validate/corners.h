// From every smaller corner of a grid of sizes and amounts of data, the largest run is predicted and compared
// with what was measured (the protocol of Rosenfeld et al. 2020 on real runs).
#pragma once

#include <string>
#include <vector>

#include "fit/command/fit_command.h"

namespace frugal::fit {

struct CornerCheck {
  double largest_size = 0, largest_data = 0;  // of the corner that was fitted
  std::size_t runs = 0;
  double measured = 0;  // mean error at the target
  Estimate predicted;
  double relative = 0;  // predicted/measured − 1
  bool covered = false;
  double compute_ratio = 0;  // cost of the target run / cost of all fitted runs
  std::string refusal;       // why this corner could not be fitted
};

struct CornersReport {
  RunScale target;
  std::size_t repeats = 0;  // runs measured at the target
  std::vector<CornerCheck> corners;
  double mean_absolute = 0, covered = 0;  // over the corners that were fitted
};

// One series. Errors: UserError where there is no run of the largest size on the most data.
CornersReport validate_corners(const Measurements& measurements, const FitConfig& config, std::uint64_t seed,
                               const std::string& place);

}  // namespace frugal::fit
