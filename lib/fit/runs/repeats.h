// Runs that were repeated at the same scale, and what they say of the noise.
#pragma once

#include <cstddef>
#include <vector>

#include "fit/runs/runs.h"

namespace frugal::fit {

struct Repeats {
  std::vector<std::size_t> cell;  // per run: index of its cell, the runs of one series and scale
  std::size_t cells = 0, repeated_cells = 0;
  double log_error_sd = 0;  // pooled standard deviation of ln y within cells; 0 without repeats
};
Repeats find_repeats(const Runs& runs);

}  // namespace frugal::fit
