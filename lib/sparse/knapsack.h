// The best scheme under a memory limit, exactly. Once the lowest trained layer f is fixed, the crossing costs
// a constant and the best bias(k) with k ≤ L − f is known; what is left is a multiple-choice knapsack over
// the layers from f on. All f are solved, each only where the linear relaxation (Sinha and Zoltners, 1979)
// does not rule it out.
//
// One knapsack is a dynamic programme over its layers that keeps the states which no other state beats in
// both memory and gain, and drops those whose relaxation cannot pass the best selection known (Dyer, Riha and
// Walker, 1995). Few hundred states are left in practice. Where gains are nearly proportional to memory, no
// bound tells states apart and there could be millions: above a number of states those with the best
// relaxation are gone on with, and the best relaxation of the others bounds what was given up.
#pragma once

#include <cstdint>

#include "sparse/selection.h"

namespace frugal::sparse {

// Of all states together, about 0.1 s.
inline constexpr std::int64_t usual_states = 40000;

struct ExactSelection {
  Selection selection;
  double bound = 0;  // no selection within the limit has a gain above it (but for rounding, 1e-12 of it)
  std::int64_t states = 0;  // how many were kept in all: the work that it took

  // By how much of the gain a better one could pass it; 0: it is the optimum.
  double gap(double gain) const { return bound > gain && gain > 0 ? (bound - gain) / gain : 0; }
};

// most_states: of all layers together, before states are given up. Throws UserError by check_limit.
ExactSelection select_exactly(const SelectionProblem& problem, std::int64_t most_states = usual_states);

}  // namespace frugal::sparse
