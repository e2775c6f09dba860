// Grows Adam's moments along with the weights, where a run kept them: tensors exp_avg.NAME and
// exp_avg_sq.NAME under canonical names (joined qkv and gate_in are taken apart and joined again).
#pragma once

#include <string>

#include "grow/operator.h"

namespace frugal::grow {

void grow_moments_file(const PlannedGrowth& growth, const std::string& from, const std::string& to);

}  // namespace frugal::grow
