// The latency of one network on this machine, for what a table of this machine predicted.
#pragma once

#include <optional>

#include "network/network.h"
#include "search/cost/table.h"

namespace frugal::search {

// Milliseconds of an inference, with the batch, threads and runtime of the table; nothing where the table is
// of another machine or was measured in another way than here.
std::optional<double> measured_here(const LatencyTable& table, const network::NetworkConfig& network);

}  // namespace frugal::search
