// A dense decoder's config as that of a mixture of experts, each of which starts as the dense feed-forward
// part (sparse upcycling, Komatsuzaki et al. 2023).
#pragma once

#include "model/transformer/config.h"

namespace frugal::model {

// A Mixtral; UserError where the dense model has what a Mixtral has not (biases, norms on q and k, …).
TransformerConfig as_mixture(const TransformerConfig& dense, std::int64_t experts, std::int64_t per_token);

}  // namespace frugal::model
