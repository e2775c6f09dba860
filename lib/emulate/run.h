// `tinytrain-compile run` without its data: a compiled folder is built, learns a lesson before one's eyes,
// and is measured, checked and held to a budget.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "emulate/budget.h"
#include "emulate/compiled.h"
#include "emulate/lesson.h"

namespace frugal::emulate {

struct RunOptions {
  device::Target target = device::Target::host;
  bool check = false;    // the same through the trainer
  bool profile = false;  // instructions by layer
  bool quiet = false;
  std::string compiler;    // of Board
  std::int64_t every = 0;  // samples between two lines of what it gets right while it learns; 0: none
  std::string state;       // file for the trained numbers; empty: none
  Budget budget;
};

// Throws UserError (a missing tool, a budget), Failure (the program failed, or is not what was planned),
// Interrupted; the emulator has ended then.
nlohmann::ordered_json run_lesson(const Compiled& compiled, const Lesson& lesson, const RunOptions& options);

}  // namespace frugal::emulate
