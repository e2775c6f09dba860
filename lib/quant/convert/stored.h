// Which values of a folded float network an int8 network stores, and how: every layer takes the activation
// behind it into its clamp, and pools and reshapes keep the scale of what they take.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace frugal::quant {

// A step of the int8 network.
struct StoredLayer {
  ir::NodeId node = ir::none;
  ir::NodeId activation =
      ir::none;                   // relu or relu6, computed by the clamp of `node`; none where there is none
  ir::TensorId value = ir::none;  // of the float graph: what this step gives
  bool keeps_scale = false;       // that of its first input
  double low = 0, high = 0;       // what the activation limits values to; infinite where it does not
};

// The steps in their order. Throws UserError at "origin: node" for an operator that cannot be quantised, with
// those that can.
std::vector<StoredLayer> stored_layers(const ir::Graph& folded, const std::string& origin);

// The tensors whose range has to be known: an input in float and what each step gives that does not keep a
// scale.
std::vector<ir::TensorId> values_with_a_range(const ir::Graph& folded,
                                              const std::vector<StoredLayer>& layers);

}  // namespace frugal::quant
