// The classifier of a network that is to be trained: in float on what the int8 layers give, as in Lin et al.
// (NeurIPS 2022), whose int8 head lost two points.
#pragma once

#include <cstdint>
#include <string>

#include "ir/model.h"

namespace frugal::quant {

// The network up to its last fully connected layer, then dequantize and a fully connected layer in f32 called
// as the old one was. classes 0: the old head's numbers in float; else a new head of so many classes, drawn
// by `seed` as PyTorch does (uniform within 1/sqrt(features)). What stood behind it (softmax) is left out.
// Throws UserError where the network has no such layer at its end.
ir::Model with_float_head(const ir::Model& model, std::int64_t classes, std::uint64_t seed,
                          const std::string& origin);

// The graph's nodes before `end` and the tensors that they use, with what they hold: a network to be gone on
// with.
ir::Model front_of(const ir::Model& model, ir::NodeId end);

}  // namespace frugal::quant
