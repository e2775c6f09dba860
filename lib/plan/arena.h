// Places of tensors in one block of memory: two that are needed at the same time never overlap.
#pragma once

#include <cstddef>
#include <vector>

#include "ir/graph.h"

namespace frugal::plan {

// One block that is needed from step `first` to step `last`, both included.
struct Block {
  std::size_t bytes = 0;
  ir::NodeId first = 0, last = 0;
};

struct Arena {
  std::vector<std::size_t> offsets;  // of each block
  std::size_t bytes = 0;
};

// When each tensor of a graph is needed: a value from the node that computes it to the last that reads it, an
// input from the start, an output to the end. Parameters, states and constants need no room here: 0 bytes.
std::vector<Block> lifetimes(const ir::Graph& graph);

// The largest blocks first, each at the lowest place where it overlaps no other that lives at the same time
// (greedy by size; Pisarchyk, Lee 2020, arXiv 2001.03288). Offsets are multiples of `alignment`.
Arena place_by_size(const std::vector<Block>& blocks, std::size_t alignment);

}  // namespace frugal::plan
