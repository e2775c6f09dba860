// What of a network is trained, a layer at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/ids.h"

namespace frugal::autodiff {

// Of one layer (a node with a weight).
struct TrainedLayer {
  ir::NodeId node = ir::none;
  bool weight = true, bias = true;
  // The input channels (depthwise: output channels) whose weights are trained, rising; empty: all.
  std::vector<std::int64_t> channels;
};

}  // namespace frugal::autodiff
