// What `nas-search profile` does: the table of a space, and its check against whole networks.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "search/profile/device.h"

namespace frugal::search {

struct ProfileOptions {
  std::string space;       // file of the space
  std::string out;         // the latency table; empty where `table` is checked alone
  std::string table;       // an existing table, of any format, to check instead of measuring one
  std::int64_t check = 0;  // networks to hold out; 0: no check
  std::int64_t fit = 0;    // networks to fit offset and scale on; 0: half as many as are held out
  std::uint64_t seed = 0;  // of the sample of networks
  bool resume = false, quiet = false;
};

// The answer; the table itself is in `out`, with the correction where a check was made.
nlohmann::ordered_json profile_result(const ProfileOptions& options, const DeviceConfig& device);

}  // namespace frugal::search
