// The choice of a scheme under a memory limit, as plain numbers: which biases, and of each layer no weights
// or those of one fraction. The strategies (sparse/strategy.h) solve this; where the numbers come from is
// sparse/contributions.h.
//
// Gains add up, as in contribution analysis (Lin et al., NeurIPS 2022, section 2.2): bias(k) of the biases of
// the last k layers, and one of each layer's trained fraction. Memory adds up too, but for one term: the
// backward pass crosses all layers from the lowest trained one on.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sparse/memory.h"

namespace frugal::sparse {

inline constexpr double impossible =
    -std::numeric_limits<double>::infinity();  // gain of what is not to be had

struct Choice {
  double fraction = 1;
  std::int64_t bits = 0;
  double gain = 0;
};

struct SelectionProblem {
  std::int64_t limit_bits = 0;
  std::vector<std::int64_t> crossed_bits;    // by the lowest trained layer, 0 to L; L: the head alone
  std::vector<double> bias_gain;             // by k, 0 to L; or impossible
  std::vector<std::vector<Choice>> weights;  // by layer

  std::int64_t layer_count() const { return static_cast<std::int64_t>(weights.size()); }
};

struct Selection {
  static constexpr std::int32_t none = -1;
  std::int64_t bias_layers = 0;
  std::vector<std::int32_t> choice;  // by layer: place in its choices, or none
};

// The lowest layer that is trained, L where none is.
std::int64_t lowest_layer(const Selection& selection);
std::int64_t bits_of(const SelectionProblem& problem, const Selection& selection);
double gain_of(const SelectionProblem& problem, const Selection& selection);
UpdateScheme scheme_of(const SelectionProblem& problem, const Selection& selection);

// The head alone is the smallest scheme. Throws UserError where the limit is below it, which names it.
void check_limit(const SelectionProblem& problem);

}  // namespace frugal::sparse
