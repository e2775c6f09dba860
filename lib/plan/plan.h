// The memory planner: a place for every block in one piece of memory, as small as can be found or within a
// capacity, with what is known of how good it is.
//
// First the best of several rules of thumb (plan/greedy.h), then, where that is above the lower bound, the
// exact search (plan/search.h). Work is limited by the number of decisions, so that a plan is the same on
// every machine. What comes out has passed plan/verify.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/block.h"
#include "plan/search.h"

namespace frugal::plan {

struct Options {
  // Any plan within it will do; none: the smallest plan is looked for.
  std::optional<std::size_t> capacity;
  SearchLimits search;  // 0 nodes: rules of thumb alone
};

struct Plan {
  Arena arena;                  // the smallest found, though it may be larger than the capacity
  std::size_t lower_bound = 0;  // no plan is smaller
  std::string method;           // what found it: a heuristic's name, "local search" or "exact"
  bool fits = true;             // within the capacity
  bool smallest = false;        // proved: no plan is smaller
  bool impossible = false;      // proved: no plan is within the capacity
  std::uint64_t nodes = 0;      // decisions of the exact search
  bool out_of_time = false;     // SearchLimits::seconds ended it: another run may end elsewhere

  // How far above the lower bound it is: 0.02 is 2 per cent.
  double gap() const;
};

Plan place(const std::vector<Block>& blocks, const Options& options = {});

}  // namespace frugal::plan
