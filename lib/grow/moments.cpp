#include "grow/moments.h"

#include <torch/torch.h>

#include "base/error.h"
#include "checkpoint/safetensors.h"

namespace frugal::grow {

void grow_moments_file(const PlannedGrowth& growth, const std::string& from, const std::string& to) {
  const checkpoint::SafetensorsFile file(from);
  const auto specs = weight_specs(growth.plan().source);
  tensor::NamedTensors written;
  for (const auto& [prefix, kind] : {std::pair<std::string, Kind>{"exp_avg.", Kind::first_moment},
                                     std::pair<std::string, Kind>{"exp_avg_sq.", Kind::second_moment}}) {
    model::Weights stored;
    bool joined = false;
    for (const checkpoint::TensorInfo& info : file.tensors()) {
      if (!info.name.starts_with(prefix)) continue;
      joined = joined || info.name.ends_with(".qkv.weight");
      stored.set(info.name.substr(prefix.size()), tensor::read_tensor(file, info.name).to(torch::kFloat32));
    }
    const model::Weights apart = unfuse(growth.plan().source, stored);
    for (const auto& spec : specs) {
      const torch::Tensor* one = apart.find(spec.name);
      if (one == nullptr)
        throw base::UserError(from, "lacks '" + prefix + spec.name + "'", "is it of this model?");
      if (one->sizes() != c10::IntArrayRef(spec.shape)) {
        throw base::UserError(from + ":" + prefix + spec.name, "has not the shape of the model's weight");
      }
    }
    model::Weights grown = grow_moments(growth, apart, kind);
    if (joined) grown = fuse(growth.target(), grown);
    for (auto& [name, tensor] : grown.list()) written.emplace_back(prefix + name, tensor);
  }
  tensor::write_tensors(to, written);
}

}  // namespace frugal::grow
