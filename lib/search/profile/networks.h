// Networks of a space that the profiler measures.
#pragma once

#include <cstdint>
#include <vector>

#include "search/space/space.h"

namespace frugal::search {

// Uniform over candidates, block by block; the same ones for a seed however many are asked for.
std::vector<network::NetworkConfig> sample_networks(const SearchSpace& space, std::int64_t count,
                                                    std::uint64_t seed);

// Each candidate of each block stands in at least three of these, in different company.
std::vector<network::NetworkConfig> covering_networks(const SearchSpace& space, std::uint64_t seed);

}  // namespace frugal::search
