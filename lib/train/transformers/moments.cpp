#include "train/transformers/moments.h"

#include <torch/torch.h>

#include "base/error.h"

namespace frugal::train {
namespace {
constexpr const char *first_prefix = "exp_avg.", *second_prefix = "exp_avg_sq.";
}

Moments read_moments(const std::string& folder, const model::TransformerConfig& model) {
  const checkpoint::SafetensorsFile file(folder + "/" + moments_file);
  Moments moments;
  for (const model::WeightSpec& spec : model::weight_specs(model)) {
    for (const char* prefix : {first_prefix, second_prefix}) {
      torch::Tensor value = tensor::read_tensor(file, prefix + spec.name);
      if (value.sizes() != c10::IntArrayRef(spec.shape)) {
        throw base::UserError(file.path() + ":" + prefix + spec.name,
                              "has another shape than the model's weight",
                              "is this the optimiser of another model?");
      }
      (prefix == first_prefix ? moments.first : moments.second).set(spec.name, std::move(value));
    }
  }
  moments.updates = tensor::read_tensor(file, "updates").item<std::int64_t>();
  return moments;
}

void write_moments(const std::string& folder, const Moments& moments) {
  tensor::NamedTensors all;
  for (const auto& [name, value] : moments.first.list()) all.emplace_back(first_prefix + name, value);
  for (const auto& [name, value] : moments.second.list()) all.emplace_back(second_prefix + name, value);
  all.emplace_back("updates", torch::tensor(moments.updates, torch::kInt64));
  tensor::write_tensors(folder + "/" + moments_file, all);
}

Moments moments_of_checkpoint(const std::string& path, const model::TransformerConfig& model,
                              const model::Weights& training_form) {
  const checkpoint::SafetensorsFile file(path);
  const std::string optimizer = "optimizer.";
  model::Weights first, second;
  for (const auto& [name, weight] : training_form.list()) {
    first.set(name, tensor::read_tensor(file, optimizer + first_prefix + name));
    second.set(name, tensor::read_tensor(file, optimizer + second_prefix + name));
  }
  Moments moments{model::unfuse(model, first), model::unfuse(model, second), 0};
  moments.updates = tensor::read_tensor(file, optimizer + "updates").max().item<std::int64_t>();
  return moments;
}

tensor::NamedTensors optimizer_state(const Moments& moments, const model::TransformerConfig& model) {
  tensor::NamedTensors state;
  const model::Weights first = model::fuse(model, moments.first), second = model::fuse(model, moments.second);
  for (const auto& [name, value] : first.list()) state.emplace_back(first_prefix + name, value);
  for (const auto& [name, value] : second.list()) state.emplace_back(second_prefix + name, value);
  const auto count = static_cast<std::int64_t>(first.list().size());
  state.emplace_back("updates", torch::full({count}, moments.updates, torch::kInt64));
  return state;
}

}  // namespace frugal::train
