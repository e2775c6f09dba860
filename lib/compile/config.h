// The config of `tinytrain-compile compile`: which network becomes C, what of it goes on learning there, and
// for which device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "device/files.h"
#include "plan/regions.h"
#include "quant/replay_config.h"

namespace frugal::compile {

// How the device learns: one sample a step, no momentum.
struct LearningConfig {
  std::string kind = "qas";            // or "sgd"
  std::string storage = "stochastic";  // or "nearest", "integer"

  void visit(config::Visitor& v);
};

struct DeviceConfig {
  std::string target = "m7", flash = "1MB", sram = "256KB", stack = "4KB", optimise = "-O2";
  std::vector<std::string> memories;  // as plan::parse_regions takes them; empty: one

  void visit(config::Visitor& v);
};

extern const std::vector<std::string> pass_names;  // in their order

struct CompileConfig {
  std::int64_t seed = 0;
  std::string network, weights;  // what network/import/load.h reads
  std::string head = "keep";     // or "new", "none": an auto-encoder
  std::int64_t classes = 0;      // of a new head
  std::string scheme = "full";   // what sparse::scheme_given takes
  LearningConfig method;
  quant::ReplayConfig replay;
  std::string updates = "early";                 // or "late": all at the end of a step
  std::vector<std::string> passes = pass_names;  // those that may be taken
  DeviceConfig device;

  void visit(config::Visitor& v);
};

// Throws UserError at the config's path.
device::FileSettings file_settings(const CompileConfig& config);
std::vector<plan::Region> memories_of(const CompileConfig& config);

// Which forms of kernels a target has: a target of ops.h.
std::int32_t kernels_of(device::Target target);

}  // namespace frugal::compile
