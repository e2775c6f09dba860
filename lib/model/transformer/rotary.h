// Rotary positions (Su et al. 2021) in LLaMA's layout: the halves of a head are the pairs. Frequencies come
// from config.json: plain, `linear` and `llama3` scaling; others are refused, since the logits would be
// wrong.
#pragma once

#include <torch/types.h>

#include "model/transformer/config.h"

namespace frugal::model {

// cos and sin of [T, 1, D], or of positions [B, K] → [B, K, 1, D] where given.
void rotary_tables(const TransformerConfig& config, const torch::Tensor& positions, std::int64_t tokens,
                   const torch::TensorOptions& options, torch::Tensor& cos, torch::Tensor& sin);

// x [B, T, H, D].
torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& cos, const torch::Tensor& sin);

}  // namespace frugal::model
