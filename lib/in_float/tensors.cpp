#include "in_float/tensors.h"

#include <torch/torch.h>

#include "ir/model.h"

namespace frugal::in_float {

std::vector<torch::Tensor> tensors_of(const ir::Model& model) {
  std::vector<torch::Tensor> tensors(model.graph.tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value) continue;
    const auto values = model.values<float>(static_cast<ir::TensorId>(i));
    tensors[i] = torch::from_blob(const_cast<float*>(values.data()), tensor.shape, torch::kFloat32).clone();
  }
  return tensors;
}

std::vector<float> numbers_of(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().to(torch::kFloat32).contiguous();
  const auto* begin = plain.data_ptr<float>();
  return {begin, begin + plain.numel()};
}

}  // namespace frugal::in_float
