// The passes of the compiler: those are kept that together leave the least SRAM.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passes/updates.h"

namespace frugal::compile {

struct PassReport {
  std::string name, help;
  std::size_t before = 0, after = 0;  // bytes of the trained numbers and of what is alive at once
  bool kept = false;
};

struct PassSettings {
  std::int32_t kernels = 0;         // a target of ops.h
  std::vector<std::string> passes;  // those that may be taken, by name
  std::string origin;
};

// A new pass is a line of the table in optimize.cpp and a name in config.cpp. `reports` may be null. Throws
// UserError at "passes" for a name that is none.
passes::TrainingStep optimized(const passes::TrainingStep& step, const PassSettings& settings,
                               std::vector<PassReport>* reports = nullptr);

}  // namespace frugal::compile
