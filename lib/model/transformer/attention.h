// Attention of one layer, and what all layers of a pass share for it.
#pragma once

#include "model/transformer/layer_weights.h"

namespace frugal::model {

// What the layers share in one forward pass.
struct Pass {
  std::int64_t batch = 0, tokens = 0;
  torch::Tensor mask;      // for attention, broadcast to [B, H, T, T]; undefined: none
  torch::Tensor cos, sin;  // [T, 1, D] or [B, T, 1, D] where rotary
  // The same of layers that attend within a window, where they differ.
  torch::Tensor window_mask, window_cos, window_sin;
  torch::Tensor memory, memory_mask;  // a decoder's: the encoder's states [B, S, hidden], and which are there
};

// LayerNorm or RMSNorm over the last axis; `bias` null: none.
torch::Tensor normalise(const TransformerConfig& config, const torch::Tensor& x, const torch::Tensor& scale,
                        const torch::Tensor* bias);

// x [B·T, hidden], and the same back.
torch::Tensor attend(const TransformerConfig& config, const LayerWeights& layer, LayerKind kind,
                     const torch::Tensor& x, const Pass& pass);
// A decoder's look at `pass.memory`.
torch::Tensor attend_memory(const TransformerConfig& config, const LayerWeights& layer,
                            const torch::Tensor& x, const Pass& pass);

// T5's positions (Raffel et al. 2020): one number a head for each class of distances, added to the scores
// [1, H, T, T]. Half of the classes are single distances, the others grow as their logarithm. A decoder
// (`causal`) does not look ahead.
torch::Tensor position_bias(const TransformerConfig& config, const torch::Tensor& table, std::int64_t tokens,
                            bool causal);

}  // namespace frugal::model
