// Which of any number of systems is best at a scale, with the probability of each.
#pragma once

#include <cstdint>
#include <vector>

#include "fit/surface/surface.h"

namespace frugal::fit {

struct Ranked {
  Estimate error;
  double probability_best = 0;
  double mean_rank = 0;  // 1 is the best
};

// at: the scale of each system's run. Each system's draws are taken independently of the others'.
std::vector<Ranked> rank_systems(const std::vector<const Surface*>& systems, const std::vector<RunScale>& at,
                                 double coverage, std::uint64_t seed);

}  // namespace frugal::fit
