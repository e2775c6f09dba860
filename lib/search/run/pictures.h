// The pictures of a search: the network that it chose, and how the probabilities of the candidates moved.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/space/space.h"

namespace frugal::search {

// Probabilities of every block's candidates after some step of the search.
struct PathSnapshot {
  std::int64_t step = 0;
  std::vector<std::vector<double>> probability;  // [block][candidate]
  double expected_latency_ms = 0;                // 0 where there is no table
};

// SVG: the layers of a network from left to right, a box a block: height by kernel, width by expansion.
std::string network_picture(const SearchSpace& space, const Choice& choice);
// SVG: one small panel a block with a line a candidate, probability over steps.
std::string path_picture(const SearchSpace& space, const std::vector<PathSnapshot>& path);

}  // namespace frugal::search
