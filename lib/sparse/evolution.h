// Search of a scheme under a memory limit by evolution, as Lin et al. (NeurIPS 2022, section 2.2) do it,
// whose program was not released: a population of selections within the limit; the best are parents; children
// come by crossover (each part from one of two parents) and mutation. A child above the limit loses trained
// parts drawn at random until it fits.
#pragma once

#include <cstdint>

#include "config/visitor.h"
#include "sparse/selection.h"

namespace frugal::sparse {

struct EvolutionConfig {
  std::int64_t population = 128, parents = 32, generations = 300;
  double mutation = 0.03;   // chance of each part of a child to be drawn anew
  double crossovers = 0.5;  // share of the children that have two parents
  std::int64_t seed = 0;

  void visit(config::Visitor& v);
};

// The best selection seen. Throws UserError by check_limit.
Selection evolve(const SelectionProblem& problem, const EvolutionConfig& config);

}  // namespace frugal::sparse
