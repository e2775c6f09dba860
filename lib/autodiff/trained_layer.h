// What of a network is trained, a layer at a time.
#pragma once

#include <algorithm>
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

// The first of their nodes; none where there is none.
inline ir::NodeId first_trained(const std::vector<TrainedLayer>& layers) {
  ir::NodeId first = ir::none;
  for (const TrainedLayer& layer : layers)
    first = first == ir::none ? layer.node : std::min(first, layer.node);
  return first;
}

}  // namespace frugal::autodiff
