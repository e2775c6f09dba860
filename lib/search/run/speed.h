// Cost of the search's steps on made-up images: processor seconds a step and peak memory, for benchmarks and
// for choosing a batch size.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "search/space/space.h"

namespace frugal::search {

struct SupernetSpeedOptions {
  std::string step = "weight";  // see supernet_step_names
  std::int64_t batch_size = 64, steps = 10, seed = 0;
  int threads = 0;
};

// weight: a sampled path. architecture: two paths. recompute: all paths, one in memory. mixture: weights with
// all paths. darts: weights and then the architecture, both with all paths, as Liu et al. alternate. mixed: a
// weight step and every fifth time an architecture step. heaviest: a weight step of the path with the most
// MACs, alone.
std::vector<std::string> supernet_step_names();

// {"value": processor seconds a step, "peak_mib": above the program before the supernet was made, …}
nlohmann::ordered_json measure_supernet(const SearchSpace& space, const SupernetSpeedOptions& options);

}  // namespace frugal::search
