#include "plan/peak.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace frugal::plan {

namespace {

// How many bytes of blocks begin, or end, before a step.
class Before {
 public:
  Before(const std::vector<Block>& blocks, ir::NodeId Block::*when) {
    for (const Block& block : blocks) {
      if (block.first <= block.last) steps_.emplace_back(block.*when, block.bytes);
    }
    std::sort(steps_.begin(), steps_.end());
    std::size_t sum = 0;
    for (auto& [step, bytes] : steps_) bytes = sum += bytes;
  }
  std::size_t operator()(std::int64_t step) const {
    const auto at = std::lower_bound(steps_.begin(), steps_.end(), step,
                                     [](const auto& one, std::int64_t limit) { return one.first < limit; });
    return at == steps_.begin() ? 0 : std::prev(at)->second;
  }

 private:
  std::vector<std::pair<ir::NodeId, std::size_t>> steps_;
};

}  // namespace

Peak peak_of(const std::vector<Block>& blocks) {
  const Before begun(blocks, &Block::first), over(blocks, &Block::last);
  Peak most;
  for (const Block& at : blocks) {
    const std::size_t bytes = begun(std::int64_t{at.first} + 1) - over(at.first);
    if (bytes > most.bytes) most = {at.first, bytes, {}};
  }
  if (most.bytes == 0) return most;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].first <= most.step && most.step <= blocks[i].last) most.blocks.push_back(i);
  }
  std::stable_sort(most.blocks.begin(), most.blocks.end(),
                   [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  return most;
}

std::string at_peak(const std::vector<Block>& blocks) {
  const Peak peak = peak_of(blocks);
  std::string text = " at step " + std::to_string(peak.step);
  const std::size_t named = std::min<std::size_t>(peak.blocks.size(), 3);
  for (std::size_t i = 0; i < named; ++i) {
    const Block& block = blocks[peak.blocks[i]];
    text += (i == 0 ? ", by '" : ", '") + block.name + "' (" + std::to_string(block.bytes) + ")";
  }
  if (peak.blocks.size() > named) text += " and " + std::to_string(peak.blocks.size() - named) + " more";
  return text;
}

}  // namespace frugal::plan
