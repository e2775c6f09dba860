#include "plan/problem.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace frugal::plan {
namespace {

constexpr Unit largest_unit = std::numeric_limits<Unit>::max() / 4;

// Every alignment is a multiple of it.
std::size_t common_alignment(const std::vector<Block>& blocks) {
  std::size_t common = 0;
  for (const Block& block : blocks) {
    if (block.bytes > 0) common = std::gcd(common, block.alignment);
  }
  return std::max<std::size_t>(common, 1);
}

std::vector<ir::NodeId> starts_of(const std::vector<Block>& blocks) {
  std::vector<ir::NodeId> starts;
  for (const Block& block : blocks) {
    if (block.bytes > 0) starts.push_back(block.first);
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

}  // namespace

std::size_t unit_of(const std::vector<Block>& blocks) {
  const std::size_t common = common_alignment(blocks);
  std::size_t unit = 0;
  for (const Block& block : blocks) {
    if (block.bytes > 0) unit = std::gcd(std::gcd(unit, aligned(block.bytes, common)), block.alignment);
  }
  // Where one alignment serves all, sizes may have a larger divisor than it; offsets, being sums of sizes,
  // too.
  std::size_t sizes = 0;
  bool uniform = true;
  for (const Block& block : blocks) {
    if (block.bytes == 0) continue;
    sizes = std::gcd(sizes, aligned(block.bytes, common));
    uniform = uniform && block.alignment == common;
  }
  return std::max<std::size_t>(uniform ? sizes : unit, 1);
}

Problem make_problem(const std::vector<Block>& blocks, std::size_t capacity) {
  Problem problem;
  problem.unit_bytes = unit_of(blocks);
  const std::vector<ir::NodeId> starts = starts_of(blocks);
  problem.sections = static_cast<int>(starts.size());
  const std::size_t units = aligned(capacity, problem.unit_bytes) / problem.unit_bytes;
  if (units > static_cast<std::size_t>(largest_unit)) {
    problem.representable = false;
    return problem;
  }
  problem.capacity = static_cast<Unit>(units);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    if (block.bytes == 0) continue;
    Problem::Item item;
    const auto begin = starts.begin();
    item.first = static_cast<int>(std::lower_bound(begin, starts.end(), block.first) - begin);
    item.last = static_cast<int>(std::upper_bound(begin, starts.end(), block.last) - begin) - 1;
    const std::size_t size = aligned(block.bytes, problem.unit_bytes) / problem.unit_bytes;
    item.size = static_cast<Unit>(std::min(size, static_cast<std::size_t>(largest_unit)));
    item.alignment = static_cast<Unit>(std::clamp<std::size_t>(block.alignment / problem.unit_bytes, 1,
                                                               static_cast<std::size_t>(largest_unit)));
    item.latest =
        block.bytes > capacity ? -1 : static_cast<Unit>((capacity - block.bytes) / problem.unit_bytes);
    problem.items.push_back(item);
    problem.blocks.push_back(i);
  }
  return problem;
}

std::size_t lower_bound(const std::vector<Block>& blocks) {
  const std::size_t common = common_alignment(blocks);
  std::size_t most = 0;
  for (const ir::NodeId step : starts_of(blocks)) {
    std::size_t live = 0, largest_padding = 0;  // the highest block needs no room after it
    for (const Block& block : blocks) {
      if (block.bytes == 0 || block.first > step || step > block.last) continue;
      const std::size_t padded = aligned(block.bytes, common);
      live += padded;
      largest_padding = std::max(largest_padding, padded - block.bytes);
    }
    most = std::max(most, live - largest_padding);
  }
  return most;
}

}  // namespace frugal::plan
