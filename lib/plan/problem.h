// Blocks in the form that the exact search works on: time cut into sections, bytes counted in the largest
// unit that loses nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/block.h"

namespace frugal::plan {

using Unit = std::int32_t;  // bytes / Problem::unit_bytes

struct Problem {
  // A block, live in sections [first, last]. Its size is rounded up to the unit; `latest` is the highest
  // offset at which its bytes still end within the capacity.
  struct Item {
    int first = 0, last = 0;
    Unit size = 0, alignment = 1, latest = 0;
    bool operator==(const Item&) const = default;
  };

  std::vector<Item> items;
  std::vector<std::size_t> blocks;  // which block each item is
  int sections = 0;
  Unit capacity = 0;
  std::size_t unit_bytes = 1;
  bool representable = true;  // false: sizes do not fit `Unit`, and there are no items
};

// The largest step in which offsets, ends and capacities need to be counted: the greatest common divisor of
// all sizes (rounded up to what every alignment is a multiple of) and alignments.
std::size_t unit_of(const std::vector<Block>& blocks);

// A section begins where a block begins: what is live together anywhere is live together at such a step.
Problem make_problem(const std::vector<Block>& blocks, std::size_t capacity);

// No plan is smaller: the most bytes live at one step, with the room that alignment takes between them.
std::size_t lower_bound(const std::vector<Block>& blocks);

}  // namespace frugal::plan
