// The annealing law where the losses show annealing, and refits of it to resampled residuals: blocks of
// neighbouring checkpoints at a time, since they are not independent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fit/schedule/annealing.h"

namespace frugal::fit {

enum class AnnealingEffect {
  fitted,
  none_seen,   // the rates change, and the losses do not show it: C = 0
  not_varied,  // the rates are constant: C is not identified
};

struct Fitted {
  AnnealingMinimum minimum;
  AnnealingEffect effect = AnnealingEffect::fitted;
};

// from: see fit_annealing_law.
Fitted fit_where_seen(const std::vector<SchedulePoints>& runs, double from);

bool any_changes(
    const std::vector<SchedulePoints>& runs);  // rates after the warm-up, up to the last checkpoints

// Of neighbouring residuals, within runs.
double correlation_of(const std::vector<std::vector<double>>& residuals);
std::size_t block_of(const Fitted& fitted);  // checkpoints to resample together

// Refits to what the law says times blocks of residuals, each run's own.
std::vector<AnnealingLaw> resample(const std::vector<SchedulePoints>& runs, const Fitted& fitted, double from,
                                   std::size_t block, std::uint64_t seed, int count);

}  // namespace frugal::fit
