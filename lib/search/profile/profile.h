// Measures the operations of a search space on a device: its latency table.
#pragma once

#include <string>
#include <vector>

#include "search/profile/device.h"

namespace frugal::search {

struct ProfileFiles {
  std::string out;      // the table; written again after every group of operations
  bool resume = false;  // keep what the file has and measure the rest
  bool quiet = false;
};

// One of each operation that has a key, in order of first appearance; what is free is left out.
std::vector<Piece> distinct_operations(const std::vector<Piece>& pieces);

// Measures what the table does not have yet. Throws UserError where a table to resume from is of another
// device, batch or number of threads, or where the runner fails; what was measured is then in the file.
// networks: where the operations are found together, for config.within_networks (search/profile/networks.h);
// empty: each is measured alone.
LatencyTable profile(const std::vector<Piece>& operations, const DeviceConfig& config,
                     const ProfileFiles& files, const std::vector<network::NetworkConfig>& networks = {});

}  // namespace frugal::search
