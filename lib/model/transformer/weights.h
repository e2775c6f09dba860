// A transformer's weights by name: fresh ones, and the training form in which products that share an input
// are one product.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>

#include "model/transformer/config.h"
#include "tensor/safetensors.h"

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

  // Where they are, all alike; and the same ones on a device (the tensors themselves where they are there).
  torch::Device device() const;
  Weights to(torch::Device device) const;

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

}  // namespace frugal::model
