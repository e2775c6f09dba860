#include "in_float/network.h"

#include <torch/torch.h>

#include <algorithm>

#include "adapt/samples.h"
#include "in_float/tensors.h"
#include "ir/model.h"
#include "tensor/device.h"

namespace frugal::in_float {
namespace {

using torch::Tensor;

constexpr std::size_t images_at_once = 64;

}  // namespace

Network::Network(const ir::Model& model)
    : input_(model.graph.inputs.front()),
      shape_(model.graph.tensor(input_).shape),
      takes_tokens_(model.graph.tensor(input_).type == ir::DataType::int32),
      forward_(std::make_shared<const ir::Graph>(model.graph), 0, ir::whole(model.graph).end,
               tensors_of(model)) {}

Tensor Network::operator()(const Tensor& batch, const model::GraphForward::Observer& observe) const {
  const torch::NoGradGuard no_grad;
  return forward_(batch, {}, observe);
}

Tensor Network::batch(const adapt::Examples& examples, std::span<const std::size_t> which) const {
  ir::Dims shape = shape_;
  shape[0] = static_cast<std::int64_t>(which.size());
  const Tensor made = torch::empty(shape);
  auto* to = made.data_ptr<float>();
  for (std::size_t k = 0; k < which.size(); ++k) examples.real(which[k], to + k * examples.numbers());
  return takes_tokens_ ? made.to(torch::kInt64) : made;
}

void Network::run(const adapt::Examples& examples, std::span<const std::size_t> which,
                  const std::vector<bool>& wanted, const See& see) const {
  const auto tell = [&](ir::TensorId id, const Tensor& value) {
    if (wanted[static_cast<std::size_t>(id)]) see(id, numbers_of(value));
  };
  const Tensor given = batch(examples, which);
  tell(input_, given);
  (*this)(given, tell);
}

quant::Score Network::evaluate(const adapt::Examples& examples, const std::vector<std::size_t>& which) const {
  const std::vector<std::size_t> images = adapt::all_or(examples, which);
  quant::Score score;
  for (std::size_t first = 0; first < images.size(); first += images_at_once) {
    const auto part = std::span(images).subspan(first, std::min(images_at_once, images.size() - first));
    std::vector<std::int64_t> labels;
    for (const std::size_t i : part) labels.push_back(examples.labels[i]);
    const Tensor logits = (*this)(batch(examples, part));
    const Tensor wanted = torch::tensor(labels, torch::kInt64);
    score.loss += torch::nll_loss(logits.log_softmax(1), wanted, {}, at::Reduction::Sum).item<double>();
    score.correct += (logits.argmax(1) == wanted).sum().item<std::int64_t>();
    score.count += static_cast<std::int64_t>(part.size());
  }
  if (score.count > 0) score.loss /= static_cast<double>(score.count);
  return score;
}

std::unique_ptr<calibrate::FloatNetwork> Networks::of(const ir::Model& model) const {
  return std::make_unique<Network>(model);
}

int Networks::use_threads(int threads) const { return tensor::set_threads(threads); }

}  // namespace frugal::in_float
