// The weights of one layer, or of one expert in it, by short name.
#pragma once

#include <torch/types.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "model/transformer/weights.h"

namespace frugal::model {

class LayerWeights {
 public:
  LayerWeights(const Weights& weights, std::int64_t index)
      : LayerWeights(weights, "layers." + std::to_string(index) + ".") {}
  LayerWeights expert(std::int64_t index) const {
    return LayerWeights(weights_, prefix_ + "experts." + std::to_string(index) + ".");
  }

  const torch::Tensor& at(const char* name) const { return weights_.at(prefix_ + name); }
  const torch::Tensor* find(const char* name) const { return weights_.find(prefix_ + name); }

  torch::Tensor linear(const torch::Tensor& x, const std::string& name) const {
    const torch::Tensor* bias = find((name + ".bias").c_str());
    const torch::Tensor& weight = at((name + ".weight").c_str());
    return bias != nullptr ? torch::addmm(*bias, x, weight.t()) : x.mm(weight.t());
  }

  // Several linears of the same input as one product. Where they stand apart (a materialised growth operator)
  // they are joined first: a copy of the weights, which is small beside the product.
  torch::Tensor joined(const torch::Tensor& x, const char* fused,
                       std::initializer_list<const char*> parts) const {
    if (find((std::string(fused) + ".weight").c_str()) != nullptr) return linear(x, fused);
    std::vector<torch::Tensor> rows, biases;
    for (const char* part : parts) {
      rows.push_back(at((std::string(part) + ".weight").c_str()));
      if (const torch::Tensor* bias = find((std::string(part) + ".bias").c_str())) biases.push_back(*bias);
    }
    const torch::Tensor weight = torch::cat(rows);
    return biases.empty() ? x.mm(weight.t()) : torch::addmm(torch::cat(biases), x, weight.t());
  }

 private:
  LayerWeights(const Weights& weights, std::string prefix) : weights_(weights), prefix_(std::move(prefix)) {}

  const Weights& weights_;
  std::string prefix_;
};

}  // namespace frugal::model
