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

// A new pass is a line of the table in optimize.cpp. kernels: a target of ops.h. `reports` may be null.
passes::TrainingStep optimized(const passes::TrainingStep& step, std::int32_t kernels,
                               const std::string& origin, std::vector<PassReport>* reports = nullptr);

}  // namespace frugal::compile
