// The forward pass of every transformer here, as a function of named tensors: the same code serves training
// (leaf parameters), learning a growth operator (tensors that carry a graph to its factors) and evaluation.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/transformer/config.h"
#include "tensor/safetensors.h"

namespace frugal::base {
class Random;
}

namespace frugal::model {

// Canonical name to tensor, in order of insertion.
class Weights {
 public:
  const torch::Tensor& at(const std::string& name) const;  // an absent one is our own mistake
  const torch::Tensor* find(const std::string& name) const;
  void set(const std::string& name, torch::Tensor tensor);
  const tensor::NamedTensors& list() const { return list_; }
  tensor::NamedTensors& list() { return list_; }
  bool empty() const { return list_.empty(); }

 private:
  tensor::NamedTensors list_;
  std::unordered_map<std::string, std::size_t> index_;
};

// Fresh weights as the field starts them: matrices and tables N(0, std²), pre-norm output projections divided
// by sqrt(2·layers) where `scaled_output`, biases 0, norm scales 1.
Weights initial_weights(const TransformerConfig& config, std::uint64_t seed, double std = 0.02,
                        bool scaled_output = false);

// The training form: q, k, v as one "layers.N.qkv.*", gate and in as one "layers.N.gate_in.*", so that each
// is one product; and back. The forward takes both forms. Optimiser moments convert by the same functions.
Weights fuse(const TransformerConfig& config, const Weights& weights);
Weights unfuse(const TransformerConfig& config, const Weights& weights);

struct TransformerInput {
  torch::Tensor ids;          // [B, T] int64
  torch::Tensor token_types;  // [B, T] int64; undefined: all 0
  torch::Tensor mask;         // [B, T] bool, true: attend; undefined: all
  torch::Tensor pixels;       // [B, C, H, W]: instead of ids
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
