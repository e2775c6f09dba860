// How fast a network trains here: the loop's own step on one made-up batch, without data loading or files.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::train {

struct SpeedOptions {
  std::string network;
  int threads = 0;
  std::int64_t batch_size = 64;
  double seconds = 5;
  bool channels_last = true;
};

// {"value": samples per second, "samples_per_cpu_s", "steps", "threads", …}
nlohmann::ordered_json measure_speed(const SpeedOptions& options);

}  // namespace frugal::train
