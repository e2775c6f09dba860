// Rotary positions (Su et al. 2021) in LLaMA's layout: the halves of a head (of the part of it that turns)
// are the pairs. Frequencies are those of model/transformer/rope.h.
#pragma once

#include <torch/types.h>

#include "model/transformer/rope.h"

namespace frugal::model {

// cos and sin of [T, 1, dim], or of positions [B, K] → [B, K, 1, dim] where given.
void rotary_tables(const Rope& rope, std::int64_t dim, const torch::Tensor& positions, std::int64_t tokens,
                   const torch::TensorOptions& options, torch::Tensor& cos, torch::Tensor& sin);

// x [B, T, H, D], of which the first `dim` of the tables turn.
torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& cos, const torch::Tensor& sin);

}  // namespace frugal::model
