#include "model/transformer/weights.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace frugal::model {
namespace {

using torch::Tensor;

struct Joint {
  const char* fused;
  std::vector<const char*> parts;
  std::vector<Dim> dims;
};

std::vector<Joint> joints(const TransformerConfig& config) {
  std::vector<Joint> all = {{"qkv", {"q", "k", "v"}, {Dim::heads, Dim::kv, Dim::kv}}};
  if (config.gated_ffn) all.push_back({"gate_in", {"ffn_gate", "ffn_in"}, {Dim::ffn, Dim::ffn}});
  return all;
}

}  // namespace

const Tensor* Weights::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &list_[found->second].second;
}

const Tensor& Weights::at(const std::string& name) const {
  const Tensor* found = find(name);
  FRUGAL_ASSERT(found != nullptr, "no weight '" + name + "'");
  return *found;
}

void Weights::set(const std::string& name, Tensor tensor) {
  const auto [at, fresh] = index_.try_emplace(name, list_.size());
  if (fresh) {
    list_.emplace_back(name, std::move(tensor));
  } else {
    list_[at->second].second = std::move(tensor);
  }
}

torch::Device Weights::device() const {
  FRUGAL_ASSERT(!list_.empty(), "a model has weights");
  return list_.front().second.device();
}

Weights Weights::to(torch::Device device) const {
  Weights moved;
  for (const auto& [name, tensor] : list_) moved.set(name, tensor.to(device));
  return moved;
}

Weights initial_weights(const TransformerConfig& config, std::uint64_t seed, double std, bool scaled_output) {
  Weights weights;
  const double output = std / std::sqrt(2 * static_cast<double>(config.layers));
  for (const WeightSpec& spec : weight_specs(config)) {
    if (spec.bias || spec.norm() || spec.layer_scale()) {
      weights.set(spec.name, spec.bias ? torch::zeros(spec.shape) : torch::ones(spec.shape));
      continue;
    }
    const bool residual = spec.role == Role::o || spec.role == Role::ffn_out;
    auto generator = at::detail::createCPUGenerator(base::derive_seed(seed, "weights." + spec.name));
    weights.set(spec.name, torch::randn(spec.shape, generator) * (residual && scaled_output ? output : std));
  }
  return weights;
}

Weights fuse(const TransformerConfig& config, const Weights& weights) {
  const auto all = joints(config);
  Weights result;
  for (const auto& [name, tensor] : weights.list()) {
    bool part = false;
    for (const Joint& joint : all) {
      for (std::size_t i = 0; i < joint.parts.size(); ++i) {
        for (const char* kind : {".weight", ".bias"}) {
          const std::string ending = fmt::format(".{}{}", joint.parts[i], kind);
          if (!name.starts_with("layers.") || !name.ends_with(ending)) continue;
          part = true;
          if (i != 0) continue;
          const std::string prefix = name.substr(0, name.size() - ending.size() + 1);
          std::vector<Tensor> pieces;
          for (const char* one : joint.parts) pieces.push_back(weights.at(prefix + one + kind));
          result.set(prefix + joint.fused + kind, torch::cat(pieces));
        }
      }
    }
    if (!part) result.set(name, tensor);
  }
  return result;
}

Weights unfuse(const TransformerConfig& config, const Weights& weights) {
  const auto all = joints(config);
  Weights result;
  for (const auto& [name, tensor] : weights.list()) {
    bool split = false;
    for (const Joint& joint : all) {
      for (const char* kind : {".weight", ".bias"}) {
        const std::string ending = fmt::format(".{}{}", joint.fused, kind);
        if (!name.ends_with(ending)) continue;
        split = true;
        const std::string prefix = name.substr(0, name.size() - ending.size() + 1);
        std::int64_t from = 0;
        for (std::size_t i = 0; i < joint.parts.size(); ++i) {
          const std::int64_t rows = extent(config, joint.dims[i]);
          result.set(prefix + joint.parts[i] + kind, tensor.narrow(0, from, rows));
          from += rows;
        }
      }
    }
    if (!split) result.set(name, tensor);
  }
  return result;
}

}  // namespace frugal::model
