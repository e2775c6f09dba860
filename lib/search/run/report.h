// The page of a search: how the architecture parameters moved, the network that was chosen as a picture,
// predicted against measured latency, accuracy against latency, memory. What is empty is left out.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "search/run/pictures.h"

namespace frugal::search {

struct NetworkPoint {
  std::string series, name;  // "found", "random search", "MobileNetV2"
  double latency_ms = 0, accuracy = 0;
};

// How the held-out images of each class were answered: counts[class][answer].
struct ClassAnswers {
  std::vector<std::string> names;
  std::vector<std::vector<std::int64_t>> counts;
};

struct SearchReport {
  std::string title = "Architecture search", subtitle;
  std::vector<PathSnapshot> path;
  Choice choice;
  double latency_limit_ms = 0;                    // 0: none
  std::vector<double> predicted_ms, measured_ms;  // whole networks, held out
  std::vector<NetworkPoint> networks;
  ClassAnswers classes;                                    // of the network that was trained
  std::vector<std::pair<std::string, double>> memory_mib;  // peak, by what was run
  std::vector<std::pair<std::string, std::string>> facts;  // a table at the top
  std::string config;                                      // JSON, folded away
};

std::string search_page(const SearchSpace& space, const SearchReport& report);

}  // namespace frugal::search
