#include "plan/peak.h"

#include <algorithm>

namespace frugal::plan {

Peak peak_of(const std::vector<Block>& blocks) {
  Peak most;
  for (const Block& at : blocks) {
    Peak here{at.first, 0, {}};
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].first > at.first || at.first > blocks[i].last) continue;
      here.blocks.push_back(i);
      here.bytes += blocks[i].bytes;
    }
    if (here.bytes > most.bytes) most = std::move(here);
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
