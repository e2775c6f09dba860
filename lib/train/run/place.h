// Where a run writes and what it is, for the loop that carries it out.
#pragma once

#include <cstdint>
#include <string>

namespace frugal::train {

struct RunPlace {
  std::string folder;       // checkpoint.safetensors and events.jsonl go here; empty: nothing is written
  std::string config_hash;  // a checkpoint of another config is refused
  std::uint64_t seed = 0;
  bool resume = false, quiet = false;
  std::string label = "train";
};

}  // namespace frugal::train
