// The forward pass of every transformer here, as a function of named tensors: the same code serves training
// (leaf parameters), learning a growth operator (tensors that carry a graph to its factors) and evaluation.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/transformer/config.h"
#include "model/transformer/weights.h"

namespace frugal::model {

struct TransformerInput {
  torch::Tensor ids;               // [B, T] int64
  torch::Tensor token_types;       // [B, T] int64; undefined: all 0
  torch::Tensor mask;              // [B, T] bool, true: attend; undefined: all
  torch::Tensor pixels;            // [B, C, H, W]: instead of ids
  torch::Tensor decoder_ids = {};  // [B, T] int64, of an encoder and decoder; undefined: ids, one token later
};

struct ForwardOptions {
  // Layer dropping: layers whose entry is false are passed over. Empty: all run.
  std::vector<bool> run_layer;
  // Token dropping: in layers [first, last) only these positions of each sequence run ([B, K] int64, rising);
  // the others pass by. Undefined: all.
  torch::Tensor kept_tokens;
  std::int64_t kept_first = 0, kept_last = 0;
};

// [B, T, hidden] after the final norm (T counts class tokens of images).
torch::Tensor hidden_states(const TransformerConfig& config, const Weights& weights,
                            const TransformerInput& input, const ForwardOptions& options = {});

// Logits of chosen rows: hidden [N, hidden] → [N, vocab] (language, masked), or class tokens
// [B, class_tokens, hidden] → [B, labels] (classifier).
torch::Tensor head_logits(const TransformerConfig& config, const Weights& weights,
                          const torch::Tensor& hidden);

// [B, T, vocab], [B, labels], or the hidden states where there is no head.
torch::Tensor logits(const TransformerConfig& config, const Weights& weights, const TransformerInput& input,
                     const ForwardOptions& options = {});

}  // namespace frugal::model
