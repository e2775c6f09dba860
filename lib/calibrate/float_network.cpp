#include "calibrate/float_network.h"

#include <torch/torch.h>

#include <algorithm>

#include "adapt/samples.h"

namespace frugal::calibrate {
namespace {

using torch::Tensor;

std::vector<Tensor> tensors_of(const ir::Model& model) {
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value) {
      tensors.emplace_back();
      continue;
    }
    const auto values = model.values<float>(static_cast<ir::TensorId>(i));
    tensors.push_back(
        torch::from_blob(const_cast<float*>(values.data()), tensor.shape, torch::kFloat32).clone());
  }
  return tensors;
}

constexpr std::size_t images_at_once = 64;

}  // namespace

FloatNetwork::FloatNetwork(const ir::Model& model)
    : input_(model.graph.tensor(model.graph.inputs.front())),
      forward_(std::make_shared<const ir::Graph>(model.graph), 0, ir::whole(model.graph).end,
               tensors_of(model)) {}

Tensor FloatNetwork::operator()(const Tensor& batch, const model::GraphForward::Observer& observe) const {
  const torch::NoGradGuard no_grad;
  return forward_(batch, {}, observe);
}

Tensor FloatNetwork::batch(const adapt::Examples& examples, std::span<const std::size_t> which) const {
  ir::Dims shape = input_.shape;
  shape[0] = static_cast<std::int64_t>(which.size());
  const Tensor made = torch::empty(shape);
  auto* to = made.data_ptr<float>();
  for (std::size_t k = 0; k < which.size(); ++k) examples.real(which[k], to + k * examples.numbers());
  return input_.type == ir::DataType::int32 ? made.to(torch::kInt64) : made;
}

std::vector<float> numbers_of(const Tensor& tensor) {
  const Tensor plain = tensor.to(torch::kFloat32).contiguous();
  const auto* begin = plain.data_ptr<float>();
  return {begin, begin + plain.numel()};
}

quant::Score evaluate(const FloatNetwork& network, const adapt::Examples& examples,
                      const std::vector<std::size_t>& which) {
  const std::vector<std::size_t> images = adapt::all_or(examples, which);
  quant::Score score;
  for (std::size_t first = 0; first < images.size(); first += images_at_once) {
    const auto part = std::span(images).subspan(first, std::min(images_at_once, images.size() - first));
    std::vector<std::int64_t> labels;
    for (const std::size_t i : part) labels.push_back(examples.labels[i]);
    const Tensor logits = network(network.batch(examples, part));
    const Tensor wanted = torch::tensor(labels, torch::kInt64);
    score.loss += torch::nll_loss(logits.log_softmax(1), wanted, {}, at::Reduction::Sum).item<double>();
    score.correct += (logits.argmax(1) == wanted).sum().item<std::int64_t>();
    score.count += static_cast<std::int64_t>(part.size());
  }
  if (score.count > 0) score.loss /= static_cast<double>(score.count);
  return score;
}

}  // namespace frugal::calibrate
