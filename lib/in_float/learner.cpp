#include "in_float/learner.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "autodiff/scaling.h"
#include "base/error.h"
#include "in_float/tensors.h"
#include "ir/integer_scale.h"
#include "ir/model.h"
#include "ir/operator.h"
#include "model/image/graph_forward.h"
#include "quant/convert/to_float.h"
#include "sparse/scheme.h"

namespace frugal::in_float {
namespace {

using torch::Tensor;

constexpr std::size_t evaluated_at_once = 64;

// 1 for the weights of trained channels, which are inputs (depthwise: outputs); undefined where all are.
Tensor channel_mask(const autodiff::TrainedLayer& layer, const ir::Node& node, const Tensor& weight) {
  if (layer.channels.empty()) return {};
  const std::int64_t axis = ir::is(node, "depthwise_conv") ? 0 : 1;
  Tensor mask = torch::zeros_like(weight);
  for (const std::int64_t channel : layer.channels) mask.select(axis, channel).fill_(1);
  return mask;
}

}  // namespace

struct Learner::Parts {
  // A trained parameter.
  struct Slot {
    ir::TensorId id = ir::none;
    std::string name;
    Tensor parameter, mask, velocity;
    double step = 1;  // what its gradient is multiplied by
  };

  ir::Model model;  // its numbers as they were given
  LearnerConfig config;
  std::vector<Tensor> tensors;
  std::vector<Slot> slots;
  std::unique_ptr<model::GraphForward> forward;
  ir::Tensor input;  // of the network on integers
  std::string origin;
  std::int64_t steps = 0;

  void train(const ir::Graph& integers, const autodiff::TrainedLayer& layer) {
    const ir::Node& node = integers.nodes[static_cast<std::size_t>(layer.node)];
    const std::string& name = integers.name_of(node);
    const auto& nodes = model.graph.nodes;
    const auto found = std::find_if(nodes.begin(), nodes.end(),
                                    [&](const ir::Node& of) { return model.graph.name_of(of) == name; });
    FRUGAL_ASSERT(found != nodes.end(), "the float network lacks a layer");
    if (layer.bias && ir::bias_of(model.graph, *found) != ir::none)
      add_slot(ir::bias_of(model.graph, *found), {}, 1);
    if (layer.weight) {
      const ir::TensorId weight = ir::weight_of(model.graph, *found);
      add_slot(weight, channel_mask(layer, *found, tensors[static_cast<std::size_t>(weight)]),
               autodiff::input_step(integers, node));
    }
  }

  void add_slot(ir::TensorId id, const Tensor& mask, double step) {
    const Tensor& parameter = tensors[static_cast<std::size_t>(id)];
    slots.push_back({id, model.graph.tensor(id).name, parameter, mask, {}, step});
    if (config.momentum > 0) slots.back().velocity = torch::zeros_like(parameter);
  }

  Tensor batch_of(const quant::Samples& samples, std::span<const std::size_t> which) const {
    if (input.type == ir::DataType::int32) return tokens_of(samples, which);
    const auto scale = static_cast<float>(ir::scale_of(input));
    const auto zero = static_cast<std::int32_t>(ir::zero_point_of(input));
    ir::Dims shape = input.shape;
    shape[0] = static_cast<std::int64_t>(which.size());
    Tensor batch = torch::empty(shape);
    auto* to = batch.data_ptr<float>();
    for (const std::size_t i : which) {
      for (const std::int8_t stored : samples.image(i)) *to++ = scale * static_cast<float>(stored - zero);
    }
    return batch;
  }

  Tensor tokens_of(const quant::Samples& samples, std::span<const std::size_t> which) const {
    ir::Dims shape = input.shape;
    shape[0] = static_cast<std::int64_t>(which.size());
    const Tensor batch = torch::empty(shape, torch::kInt32);
    auto* to = reinterpret_cast<std::byte*>(batch.data_ptr<std::int32_t>());
    for (const std::size_t i : which) {
      const auto bytes = samples.image(i);
      std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
    return batch.to(torch::kInt64);
  }

  static Tensor labels_of(const quant::Samples& samples, std::span<const std::size_t> which) {
    std::vector<std::int64_t> labels;
    for (const std::size_t i : which) labels.push_back(samples.labels[i]);
    return torch::tensor(labels, torch::kInt64);
  }

  void update(Slot& slot, Tensor gradient, double learning_rate) const {
    if (slot.mask.defined()) gradient = gradient * slot.mask;
    if (slot.step != 1) gradient = gradient * slot.step;
    if (!gradient.isfinite().all().item<bool>())
      throw base::Failure(
          "the gradient of '" + slot.name + "' is no finite number at step " + std::to_string(steps),
          "lower the learning rate");
    if (slot.velocity.defined()) {
      slot.velocity.mul_(config.momentum).add_(gradient);
      gradient = slot.velocity;
    }
    slot.parameter.sub_(gradient, learning_rate);
  }
};

Learner::Learner(const ir::Model& start, const std::vector<autodiff::TrainedLayer>& trained,
                 const LearnerConfig& config, const std::string& origin)
    : parts_(std::make_unique<Parts>()) {
  Parts& p = *parts_;
  at::set_num_threads(static_cast<int>(config.threads));
  p.model = quant::to_float(start, origin);
  p.config = config;
  p.origin = origin;
  p.input = start.graph.tensor(start.graph.inputs.front());
  p.tensors = tensors_of(p.model);
  for (const autodiff::TrainedLayer& layer : trained) p.train(start.graph, layer);
  for (const Parts::Slot& slot : p.slots) slot.parameter.requires_grad_(true);
  p.forward = std::make_unique<model::GraphForward>(std::make_shared<const ir::Graph>(p.model.graph), 0,
                                                    ir::whole(p.model.graph).end, p.tensors);
}

Learner::~Learner() = default;

double Learner::step(const quant::Samples& samples, std::span<const std::size_t> which,
                     double learning_rate) {
  Parts& p = *parts_;
  quant::check_samples(samples, which, p.model.graph, p.origin);
  model::GraphMode mode;
  mode.training = true;
  const Tensor logits = (*p.forward)(p.batch_of(samples, which), mode);
  const Tensor loss = torch::cross_entropy_loss(logits, Parts::labels_of(samples, which));
  const double value = loss.item<double>();
  if (!std::isfinite(value))
    throw base::Failure("the loss is no finite number at step " + std::to_string(p.steps),
                        "lower the learning rate");
  std::vector<Tensor> parameters;
  for (const Parts::Slot& slot : p.slots) parameters.push_back(slot.parameter);
  const std::vector<Tensor> gradients = torch::autograd::grad({loss}, parameters);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < gradients.size(); ++i) p.update(p.slots[i], gradients[i], learning_rate);
  ++p.steps;
  return value;
}

quant::Score Learner::evaluate(const quant::Samples& samples) {
  Parts& p = *parts_;
  quant::check_samples(samples, p.model.graph, p.origin);
  const torch::NoGradGuard no_grad;
  quant::Score score;
  std::vector<std::size_t> which;
  for (std::size_t first = 0; first < samples.size(); first += evaluated_at_once) {
    which.clear();
    for (std::size_t i = first; i < std::min(first + evaluated_at_once, samples.size()); ++i)
      which.push_back(i);
    const Tensor logits = (*p.forward)(p.batch_of(samples, which), {});
    const Tensor labels = Parts::labels_of(samples, which);
    score.loss += torch::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).item<double>();
    score.correct += (logits.argmax(1) == labels).sum().item<std::int64_t>();
    score.count += static_cast<std::int64_t>(which.size());
  }
  if (score.count > 0) score.loss /= static_cast<double>(score.count);
  return score;
}

ir::Model Learner::model() const {
  ir::Model model = parts_->model;
  for (const Parts::Slot& slot : parts_->slots) model.set<float>(slot.id, numbers_of(slot.parameter));
  return model;
}

std::vector<ir::TensorId> Learner::trained() const {
  std::vector<ir::TensorId> parameters;
  for (const Parts::Slot& slot : parts_->slots) parameters.push_back(slot.id);
  return parameters;
}

std::vector<quant::TrainedState> Learner::state() const {
  std::vector<quant::TrainedState> states;
  for (const Parts::Slot& slot : parts_->slots) {
    states.push_back({slot.name, {}, {}, {}});
    if (slot.velocity.defined()) states.back().first = numbers_of(slot.velocity);
  }
  return states;
}

void Learner::restore(const ir::Model& model, std::vector<quant::TrainedState> state, std::int64_t steps) {
  Parts& p = *parts_;
  FRUGAL_ASSERT(state.size() == p.slots.size(), "a state of other parameters");
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < state.size(); ++i) {
    const auto put = [](Tensor& to, std::span<const float> from) {
      std::memcpy(to.data_ptr<float>(), from.data(), from.size_bytes());
    };
    put(p.slots[i].parameter, model.values<float>(p.slots[i].id));
    if (p.slots[i].velocity.defined()) put(p.slots[i].velocity, state[i].first);
  }
  p.steps = steps;
}

std::unique_ptr<adapt::Learner> make_learner(const ir::Model& start, const sparse::UpdateScheme& scheme,
                                             const adapt::AdaptConfig& config) {
  LearnerConfig how;
  how.momentum = config.method.momentum;
  how.threads = adapt::worker_count(config.threads);
  return std::make_unique<Learner>(start, sparse::trained_layers(start, scheme), how, config.network);
}

}  // namespace frugal::in_float
