// The fullest step of a program, for people: what must be smaller before less memory will do.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plan/block.h"

namespace frugal::plan {

struct Peak {
  ir::NodeId step = 0;
  std::size_t bytes = 0;
  std::vector<std::size_t> blocks;  // those alive then, the largest first
};
Peak peak_of(const std::vector<Block>& blocks);

// " at step 12, by 'a' (40), 'b' (30), 'c' (8) and 5 more"
std::string at_peak(const std::vector<Block>& blocks);

}  // namespace frugal::plan
