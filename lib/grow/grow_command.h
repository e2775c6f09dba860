// What `ligo-grow grow` does: reads a model directory, writes a larger one, and says what was kept.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "grow/growth_config.h"

namespace frugal::grow {

struct GrowConfig {
  TargetConfig target;
  OperatorConfig growth;
  std::string tower;             // of a model with two, the one that grows
  std::string dtype = "same";    // of the files written
  std::string measure = "auto";  // the difference at the start: yes, no, auto (up to 500 M target parameters)
  double shard_gb = 5;           // largest shard, 10⁹ bytes; 0: one file
  std::string optimizer;         // a file with Adam's moments beside the source: grown along
  std::vector<std::string> drop;  // tensors that the architecture has no role for and that may be left behind
  std::int64_t seed = 0, threads = 0;
  void visit(config::Visitor& v);
};

// Writes the directory and fills `result` with what was kept and what was measured. It appears whole or not
// at all: it is written aside, measured there and renamed. A folder that holds anything but an earlier growth
// is refused. That the function is kept is said only after it was measured on what was written, within the
// rounding of the type written; outputs that are not finite are a Failure.
void grow_command(const std::string& source, const std::string& out, const GrowConfig& config, bool quiet,
                  nlohmann::ordered_json& result);

}  // namespace frugal::grow
