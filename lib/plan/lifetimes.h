// When each tensor of a graph is needed: what the memory planner is asked to place.
#pragma once

#include <cstddef>
#include <vector>

#include "ir/graph.h"
#include "plan/block.h"

namespace frugal::plan {

// One block a tensor, named like it: a value from the node that computes it to the last that reads it, an
// input from the start, an output to the end. Parameters, states and constants need no room here: 0 bytes.
std::vector<Block> lifetimes(const ir::Graph& graph, std::size_t alignment = 1);

}  // namespace frugal::plan
