// Whether blocks fit into a capacity, exactly: branch and bound over plans in which every block has been
// pushed down until it rests on another or on the ground (canonical plans; Moffitt, "MiniMalloc: A
// Lightweight Memory Allocator for Hardware-Accelerated Machine Learning", ASPLOS 2023, searches those too).
//
// A decision is: which block lies lowest in this section? Either one of those that can lie directly on the
// section's floor, or none of them, and then the floor rises to the next height at which one can rest.
// Decided is where the fewest answers are left. Between decisions floors rise as far as they must
// (plan/part.h), time is cut where no block crosses and the parts are solved one by one, and a part that was
// solved or refuted before, in whatever surroundings, is known by its items and floors. The search starts
// anew after a while with questions and answers in another order; what is known stays.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/problem.h"

namespace frugal::plan {

struct SearchLimits {
  std::uint64_t nodes = 20'000;  // decisions
  double seconds = 0;            // 0: none. A safety net: what it ends is not the same on every machine.
  std::uint64_t seed = 0;
};

enum class Answer { fits, impossible, unknown };

struct SearchResult {
  Answer answer = Answer::unknown;
  std::vector<Unit> offsets;  // of each item, where they fit
  std::uint64_t nodes = 0;
  bool out_of_time = false;
};

SearchResult search(const Problem& problem, const SearchLimits& limits);

}  // namespace frugal::plan
