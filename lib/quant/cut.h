// Places where a network falls into two parts: what comes later is computed from one value alone. Below such
// a place a network can be frozen and its activations kept instead of its inputs.
#pragma once

#include <string>
#include <vector>

#include "ir/ids.h"

namespace frugal::quant {

struct Cut {
  ir::TensorId value = ir::none;  // in int8
  ir::NodeId next = 0;            // nodes from here on need `value`, and none before it
};

// In the order of the nodes; the first is the graph's input. Only values in int8, all of the first input.
std::vector<Cut> cuts(const ir::Graph& graph);

// The cut at the value called `layer`. "auto": of those below the node `first_trained` (none: at the end) the
// one with the fewest bytes, the last of equal ones. Throws UserError at `place` where there is no such cut,
// and naming the trained layer where something below it is trained.
Cut choose_cut(const ir::Graph& graph, const std::string& layer, ir::NodeId first_trained,
               const std::string& place);

}  // namespace frugal::quant
