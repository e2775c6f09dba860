// Freezing one weight tensor at a time (the way of Lin et al.'s first experiments): from a scheme that trains
// much, the tensor that contributes least is frozen, the rest is trained again and its accuracy measured,
// until the accuracy falls below the user's threshold. Biases stay; the memory falls with every tensor, and
// more so where the lowest trained layer goes.
#pragma once

#include <functional>
#include <vector>

#include "sparse/memory.h"

namespace frugal::sparse {

// Accuracy of the network after it was trained by a scheme; NaN where that diverged.
using Evaluate = std::function<double(const UpdateScheme&)>;

struct FreezeStep {
  UpdateScheme scheme;
  std::int64_t frozen_layer = -1;  // by this step; -1: the start
  std::int64_t bits = 0;
  double accuracy = 0;
};

struct FreezeCurve {
  std::vector<FreezeStep> steps;
  std::size_t chosen = 0;  // the last one at or above the threshold
  bool reached = true;     // false: the start itself is below it, and it is the one chosen
};

// contribution: of each layer (those without one count 0); least first, of equals the one that frees most
// memory. Empty: at each step every tensor is tried, and the one is frozen without which the accuracy is
// best.
FreezeCurve freeze_one_by_one(const ExtraMemory& memory, const UpdateScheme& start,
                              const std::vector<double>& contribution, double threshold,
                              const Evaluate& evaluate);

}  // namespace frugal::sparse
