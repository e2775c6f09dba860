// Short trainings by a scheme, without a folder or checkpoint: what contributions, freezing and their figures
// are measured with.
#pragma once

#include <cstdint>
#include <string>

#include "adapt/config.h"
#include "ir/ids.h"
#include "quant/trainer.h"
#include "sparse/freeze.h"
#include "sparse/measure.h"

namespace frugal::adapt {

// A network with a head in float as the method trains it: storage "integer" wants a head on integers.
ir::Model as_trained(const ir::Model& model, const MethodConfig& method, const std::string& origin);

// The score on `held_out` after `model` learnt `support`. Throws Failure where it diverged, Interrupted where
// a stop was asked for. One thread.
quant::Score trained_score(const ir::Model& model, const sparse::UpdateScheme& scheme,
                           const MethodConfig& method, const quant::Samples& support,
                           const quant::Samples& held_out, std::int64_t seed, const std::string& origin);

}  // namespace frugal::adapt
