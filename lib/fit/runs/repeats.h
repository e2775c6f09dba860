// What runs say of each other: those repeated at the same scale, of the noise; those beside a better one of
// the same scale or a smaller one, whether they diverged.
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

// Runs that diverged. One run at the level of a random guess moves a surface by more than all its noise, and
// it says nothing of scaling. Training more, or larger, does not make an error much worse; so a run that lies
// far above another one of the same scale or of a smaller one (size and data both) did not train.
//
// A run is suspected where ln y lies more than max(ln 1.3, 6 σ) above the lowest run of its own scale or
// below, σ from the lowest two runs of every repeated scale. Runs that repeat their data more than four times
// are never suspected: they overfit, which is no accident. Runs of one variable compare repeated runs
// alone. Empty where more than a tenth of the runs (and more than one) are suspected: that is no accident
// either.
std::vector<std::size_t> diverged_runs(const Runs& points);

}  // namespace frugal::fit
