// Plans by rules of thumb: blocks one after the other, each where it fits among those that are placed. Fast,
// never wrong, mostly within a few per cent of the smallest; plan/plan.h takes the best of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/block.h"

namespace frugal::plan {

// Where a block goes: the lowest room that holds it, or the room that it fills best.
enum class Fit { lowest, tightest };

// Places blocks in this order (each index once; blocks of 0 bytes may be left out).
Arena place_in_order(const std::vector<Block>& blocks, const std::vector<std::size_t>& order, Fit fit);

struct Heuristic {
  const char* name;
  Fit fit;
  // Which of two blocks is placed first; equals stay as they are given.
  bool (*before)(const Block& a, const Block& b);
};
// Largest first (Pisarchyk, Lee 2020, arXiv 2001.03288), longest first, largest area first, as they come.
std::span<const Heuristic> heuristics();

// The order that a heuristic places blocks in.
std::vector<std::size_t> order_by(const Heuristic& heuristic, const std::vector<Block>& blocks);

// Moves blocks about in an order, and keeps what does not make the plan larger, until the plan is as small as
// `enough` or the tries are spent. Changes `order`; gives its plan. The same seed gives the same plan.
Arena improve_order(const std::vector<Block>& blocks, std::vector<std::size_t>& order, std::size_t enough,
                    std::uint64_t tries, std::uint64_t seed);

}  // namespace frugal::plan
