// Measures how far a grown model is from its source: both run on the same inputs, and their outputs are
// compared.
#pragma once

#include <cstdint>

#include "model/transformer/by_layer.h"

namespace frugal::grow {

constexpr std::int64_t compared_tokens = 32;

struct Difference {
  double largest = 0;  // |logits of the large − logits of the small|
  double scale = 0;    // largest |logit| of the small
  std::int64_t values = 0;
};

// Random tokens or pixels (two examples, at most `tokens` long) drawn from the seed. A model without a head
// is compared by its hidden states, whose first hidden_size entries must agree.
Difference measure_difference(const model::TransformerConfig& source, const model::Weights& small,
                              const model::TransformerConfig& target, const model::Weights& large,
                              std::uint64_t seed, std::int64_t tokens = compared_tokens);

// The same where the weights, of `type`, are read layer by layer: the memory of a layer is enough.
Difference measure_difference(const model::TransformerConfig& source, const model::WeightsOfLayer& small,
                              const model::TransformerConfig& target, const model::WeightsOfLayer& large,
                              c10::ScalarType type, std::uint64_t seed,
                              std::int64_t tokens = compared_tokens);

// The inputs it takes.
model::TransformerInput sample_input(const model::TransformerConfig& config, std::uint64_t seed,
                                     std::int64_t tokens, c10::ScalarType type);

}  // namespace frugal::grow
