// The best scheme under a memory limit, exactly. Once the lowest trained layer f is fixed, the crossing costs
// a constant and the best bias(k) with k ≤ L − f is known; what is left is a multiple-choice knapsack over
// the layers from f on. All f are solved, each only where the linear relaxation (Sinha and Zoltners, 1979)
// does not rule it out.
//
// One knapsack is a dynamic programme over its layers that keeps the states which no other state beats in
// both memory and gain, and drops those whose relaxation cannot pass the best selection known (Dyer, Riha and
// Walker, 1995). Its states are never more than the limit has bits, and are few hundred in practice.
#pragma once

#include <cstdint>

#include "sparse/selection.h"

namespace frugal::sparse {

struct ExactSelection {
  Selection selection;
  std::int64_t states = 0;  // how many were kept in all: the work that it took
};

// No selection within the limit has a gain larger by more than rounding (about 1e-12 of it). Throws UserError
// by check_limit.
ExactSelection select_exactly(const SelectionProblem& problem);

}  // namespace frugal::sparse
