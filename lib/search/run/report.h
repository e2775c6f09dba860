// The page of a search: how the architecture parameters moved, the network that was chosen as a picture,
// predicted against measured latency, accuracy against latency, memory. What is empty is left out.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "search/space/space.h"

namespace frugal::search {

// Probabilities of every block's candidates after some step of the search.
struct PathSnapshot {
  std::int64_t step = 0;
  std::vector<std::vector<double>> probability;  // [block][candidate]
  double expected_latency_ms = 0;                // 0 where there is no table
};

struct NetworkPoint {
  std::string series, name;  // "found", "random search", "MobileNetV2"
  double latency_ms = 0, accuracy = 0;
};

struct SearchReport {
  std::string title = "Architecture search", subtitle;
  std::vector<PathSnapshot> path;
  Choice choice;
  double latency_limit_ms = 0;                    // 0: none
  std::vector<double> predicted_ms, measured_ms;  // whole networks, held out
  std::vector<NetworkPoint> networks;
  std::vector<std::pair<std::string, double>> memory_mib;  // peak, by what was run
  std::vector<std::pair<std::string, std::string>> facts;  // a table at the top
  std::string config;                                      // JSON, folded away
};

std::string search_page(const SearchSpace& space, const SearchReport& report);

// SVG: the layers of a network from left to right, a box a block: height by kernel, width by expansion.
std::string network_picture(const SearchSpace& space, const Choice& choice);
// SVG: one small panel a block with a line a candidate, probability over steps.
std::string path_picture(const SearchSpace& space, const std::vector<PathSnapshot>& path);

}  // namespace frugal::search
