// When each tensor of a graph is needed: what the memory planner is asked to place.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "ir/graph.h"
#include "plan/block.h"

namespace frugal::plan {

// This output lies where that input of its node lies: the node writes over it.
struct Share {
  ir::TensorId output = ir::none, input = ir::none;
};

// The sharing that a graph allows: the operator may work in place, its first input is a value that no other
// node reads later and the graph does not give back, and the output has the same type and size. `kernel_can`
// says of a node whether its kernel can (one that moves elements, as a flatten to another layout does,
// cannot); null: all.
std::vector<Share> in_place(const ir::Graph& graph,
                            const std::function<bool(const ir::Node&)>& kernel_can = nullptr);

// Of each tensor the one whose block it lies in: itself, or the first of those that share. An input that is
// shared by two outputs, or read after it is overwritten, is a fault of the caller (an assertion).
std::vector<ir::TensorId> owners(const ir::Graph& graph, const std::vector<Share>& shares);

// One block a tensor, named like it: a value from the node that computes it to the last that reads it, an
// input from the start, an output to the end. Parameters, states and constants need no room here, nor what no
// node gives: 0 bytes. Tensors that share have one block, their owner's; the others have 0 bytes.
std::vector<Block> lifetimes(const ir::Graph& graph, std::size_t alignment = 1,
                             const std::vector<Share>& shares = {});

}  // namespace frugal::plan
