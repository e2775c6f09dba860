// Random sets of blocks for the tests of the memory planner.
#pragma once

#include <vector>

#include "base/random.h"
#include "plan/block.h"

namespace frugal::test {

struct BlockSizes {
  std::uint64_t most_blocks = 40, steps = 30, most_bytes = 5000, longest = 12;
  std::uint64_t alignments =
      5;  // powers of two below 1 << alignments, chosen for each set, or for each block
  bool mixed = false;
};

inline std::vector<plan::Block> random_blocks(std::uint64_t seed, const BlockSizes& sizes) {
  base::Random random(seed, "blocks");
  std::vector<plan::Block> blocks(1 + random.below(sizes.most_blocks));
  std::size_t alignment = std::size_t{1} << random.below(sizes.alignments);
  for (plan::Block& block : blocks) {
    block.bytes = random.below(sizes.most_bytes);
    block.first = static_cast<ir::NodeId>(random.below(sizes.steps));
    block.last = block.first + static_cast<ir::NodeId>(random.below(sizes.longest));
    if (sizes.mixed) alignment = std::size_t{1} << random.below(sizes.alignments);
    block.alignment = alignment;
  }
  return blocks;
}

// A rectangle of `steps` by `bytes` cut into blocks: together they fill it to the last byte.
inline std::vector<plan::Block> cut_rectangle(std::uint64_t seed, std::size_t count, ir::NodeId steps,
                                              std::size_t bytes) {
  base::Random random(seed, "rectangle");
  std::vector<plan::Block> blocks = {{bytes, 0, steps - 1}};
  for (int tries = 0; blocks.size() < count && tries < 100'000; ++tries) {
    plan::Block& block = blocks[random.below(blocks.size())];
    plan::Block other = block;
    const auto length = static_cast<std::uint64_t>(block.last - block.first) + 1;
    if (random.below(2) == 0) {
      if (length < 2) continue;
      other.first = block.first + 1 + static_cast<ir::NodeId>(random.below(length - 1));
      block.last = other.first - 1;
    } else {
      if (block.bytes < 2) continue;
      other.bytes = 1 + random.below(block.bytes - 1);
      block.bytes -= other.bytes;
    }
    blocks.push_back(other);
  }
  return blocks;
}

}  // namespace frugal::test
