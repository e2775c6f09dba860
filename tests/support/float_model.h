// Trained-looking float networks: numbers drawn by a seed, statistics of batch norm as training leaves them.
#pragma once

#include <cstdint>
#include <string>

#include "ir/model.h"

namespace frugal::test {

// Every parameter and state of a graph in float, drawn so that values neither die nor grow.
ir::Model with_numbers(ir::Graph graph, std::uint64_t seed);

// Convolution, depthwise and projection with batch norm, a residual sum, pool and head: [1, 2, 6, 5] to 3
// logits. `activation` stands behind the first two convolutions.
ir::Model small_float_model(std::uint64_t seed, const std::string& activation = "relu6");

// A random graph (support/random_graph.h) in float; most hold an operator that cannot be quantised.
ir::Model random_float_model(std::uint64_t seed);

// The parameter or state of this name.
ir::TensorId tensor_named(const ir::Graph& graph, const std::string& name);

}  // namespace frugal::test
