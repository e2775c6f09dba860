// Limits on what a compiled network may take, for CI: what is over one is refused by what takes most of it.
#pragma once

#include <cstdint>
#include <string>

#include "emulate/compiled.h"
#include "emulate/output.h"

namespace frugal::emulate {

// Bytes, bytes, instructions of one training step; below 0: no limit.
struct Budget {
  std::int64_t flash = -1, sram = -1, instructions = -1;
  bool limited() const { return flash >= 0 || sram >= 0 || instructions >= 0; }
};

// What was measured on a board.
struct Spent {
  Memory memory;
  std::int64_t step_instructions = 0;           // the most of any training step
  std::map<std::int64_t, std::uint64_t> calls;  // of one step, by mark; empty: not counted
};

// Throws UserError at "--sram" and the like, naming the tensors or layers that take the most.
void require_within(const Budget& budget, const Spent& spent, const Compiled& compiled);

}  // namespace frugal::emulate
