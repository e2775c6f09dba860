// The passes of the compiler, in their order: each is kept where it lowers the SRAM that a program takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "passes/updates.h"

namespace frugal::compile {

struct PassReport {
  std::string name, help;
  std::size_t before = 0, after = 0;  // bytes of arena and state
  bool kept() const { return after < before; }
};

// A new pass is a line of the table in optimize.cpp. kernels: a target of ops.h. `reports` may be null.
passes::TrainingStep optimized(passes::TrainingStep step, std::int32_t kernels, const std::string& origin,
                               std::vector<PassReport>* reports = nullptr);

}  // namespace frugal::compile
