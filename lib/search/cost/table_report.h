// What `nas-search latency` answers: networks on devices, with the share of each block.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "search/cost/table.h"

namespace frugal::search {

struct LatencyOptions {
  std::vector<std::string> networks, tables;
  std::string format = "auto";
  std::int64_t resolution = 0;
};

// {"latency_ms", "network", "device", "blocks": [{"name", "key", "ms", "share"}]} for one network on one
// device; for several {"networks": [{"network", "latency_ms": {device: ms}, "fastest_on": [devices]}]}.
nlohmann::ordered_json latency_result(const LatencyOptions& options);

// How a table is called where several are compared: its file, and what it says of its device.
nlohmann::ordered_json describe(const LatencyTable& table);

}  // namespace frugal::search
