// What `nas-search derive` does: architecture parameters and hard limits in, one network a device out.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "search/derive/on_device.h"

namespace frugal::search {

struct DeriveOptions {
  std::string space, alpha;         // files; alpha: {"alpha": [[…] of every block]}, or what a search wrote
  std::string target;               // whose α, where the search was for several devices
  std::vector<std::string> tables;  // one device each
  std::string format = "auto";
  // "latency_ms=30", "macs=3e8", …; "latency_ms=30,5" gives each table its own. "device_sram_bytes=65536", …
  // are of the board.
  std::vector<std::string> limits;
  BoardConfig board;
  // A metric that is a sum ("latency_ms", "macs", …): of the networks at most `slack` nats less probable than
  // the best, the one with the least of it. Empty: the most probable.
  std::string minimise;
  double slack = 0;
  std::int64_t front =
      0;  // so many networks of different cost instead, by latency with a table, else by macs; 0: one
  std::string out;  // folder: network.json, or network-1.json, … where there are several devices; empty: none
};

// With a front {"front": [{"choice", "log_probability", "costs", "latency_ms", "file"}…], "by":
// "latency_ms"}, from the cheapest to the most probable; else
// {"networks": [{"device", "choice", "log_probability", "costs", "latency_ms": {table: ms}, "fastest_on",
// "on_device"}]}
nlohmann::ordered_json derive_result(const DeriveOptions& options);

}  // namespace frugal::search
