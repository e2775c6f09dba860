// Random int8 networks with a head in float, for what every network must keep: that its C learns as the
// trainer does. Branches, sums, products and what lies beside each other; odd and non-square images and
// kernels, groups, strides that do not divide, dilation, uneven padding, pools, activations as tables, dead
// ends of one pixel.
#pragma once

#include <cstdint>
#include <string>

#include "ir/model.h"
#include "quant/trainer.h"
#include "sparse/scheme.h"

namespace frugal::test {

// All its layers round so: "float32-half-even", "tflite", "integer".
ir::Model random_network(std::uint64_t seed, const std::string& rounding);

// What of it is trained.
sparse::UpdateScheme random_scheme(std::uint64_t seed, const ir::Graph& graph);

// Noise as it takes it.
quant::Samples random_samples(std::uint64_t seed, const ir::Graph& graph, std::size_t count);

}  // namespace frugal::test
