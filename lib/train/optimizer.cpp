#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tensor/vector_loops.h"

namespace frugal::train {
namespace {

// Runs body(begin, end) over the numbers of a tensor, in parallel where there are enough to be worth it.
// Element-wise, so the result does not depend on how it is cut.
template <class Body>
void for_elements(std::int64_t count, const Body& body) {
  at::parallel_for(0, count, 1 << 16, body);
}

// Whether our own loops run over it; torch's operations, several passes over memory, do where it is
// elsewhere.
bool in_loops(const torch::Tensor& parameter) {
  return parameter.is_cpu() && parameter.scalar_type() == torch::kFloat32;
}

// The gradient in the parameter's own memory order.
torch::Tensor aligned(const torch::Tensor& gradient, const torch::Tensor& parameter) {
  if (gradient.strides() == parameter.strides() && gradient.scalar_type() == parameter.scalar_type()) {
    return gradient;
  }
  return torch::empty_like(parameter).copy_(gradient);
}

}  // namespace

void OptimizerConfig::visit(config::Visitor& v) {
  v.choice("kind", kind, {"sgd", "adam", "adamw"},
           "adam adds weight decay to the gradient, adamw applies it apart");
  v.field("momentum", momentum, config::Range{0, 1, false, true}, "sgd");
  v.field("nesterov", nesterov, "sgd: look ahead along the momentum");
  v.field("weight_decay", weight_decay, config::at_least(0), "pull towards zero");
  v.field("no_decay", no_decay,
          "parameters whose name contains one of these are not decayed, e.g. \"bn\", \"bias\"");
  v.field("lr_scale", lr_scale, config::greater_than(0),
          "factors of the learning rate, by a part of the parameter's name; several multiply");
  v.field("betas", betas, config::Range{0, 1, false, true}, "adam: decay of the two moments");
  v.field("eps", eps, config::greater_than(0), "adam: added to the root of the second moment");
  v.field("clip_norm", clip_norm, config::at_least(0), "gradients are scaled down to this norm; 0: never");
}

Optimizer::Optimizer(const OptimizerConfig& config, const tensor::NamedTensors& parameters)
    : config_(config) {
  if (config.betas.size() != 2) throw base::UserError("optimizer/betas", "needs two numbers");
  for (const auto& [name, parameter] : parameters) {
    FRUGAL_ASSERT(parameter.is_floating_point() && parameter.is_non_overlapping_and_dense(),
                  "this optimiser updates dense floating-point numbers");
    Slot slot{name, parameter, {}, {}, config.weight_decay, 1, static_cast<std::int64_t>(slots_.size())};
    for (const std::string& pattern : config.no_decay) {
      if (name.find(pattern) != std::string::npos) slot.weight_decay = 0;
    }
    for (const auto& [pattern, factor] : config.lr_scale) {
      if (name.find(pattern) != std::string::npos) slot.lr_scale *= factor;
    }
    const torch::Tensor plain = parameter.detach();
    if (config.kind != "sgd" || config.momentum > 0) slot.first = torch::zeros_like(plain);
    if (config.kind != "sgd") slot.second = torch::zeros_like(plain);
    slots_.push_back(std::move(slot));
  }
  updates_ = torch::zeros({static_cast<std::int64_t>(slots_.size())}, torch::kInt64);
}

double Optimizer::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  double norm = 0;
  float scale = 1;
  if (config_.clip_norm > 0) {
    norm = std::sqrt(gradient_square());
    if (norm > config_.clip_norm) scale = static_cast<float>(config_.clip_norm / norm);
  }
  auto* updates = updates_.data_ptr<std::int64_t>();
  for (Slot& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    const torch::Tensor gradient = aligned(slot.parameter.grad(), slot.parameter);
    ++updates[slot.index];
    if (!in_loops(slot.parameter)) {
      step_in_torch(slot, gradient, learning_rate * slot.lr_scale, scale);
    } else if (config_.kind == "sgd") {
      step_sgd(slot, gradient, static_cast<float>(learning_rate * slot.lr_scale), scale);
    } else {
      step_adam(slot, gradient, learning_rate * slot.lr_scale, scale);
    }
    slot.parameter.mutable_grad().reset();
  }
  return norm;
}

double Optimizer::gradient_square() const {
  double square = 0;
  torch::Tensor elsewhere;  // one number where the parameters are, which is waited for once
  for (const Slot& slot : slots_) {
    const torch::Tensor& gradient = slot.parameter.grad();
    if (!gradient.defined()) continue;
    if (!in_loops(slot.parameter)) {
      const torch::Tensor one = gradient.square().sum(torch::kFloat64);
      elsewhere = elsewhere.defined() ? elsewhere + one : one;
      continue;
    }
    const torch::Tensor dense = aligned(gradient, slot.parameter);
    square += tensor::square_sum(dense.const_data_ptr<float>(), dense.numel());
  }
  return elsewhere.defined() ? square + elsewhere.item<double>() : square;
}

Optimizer::AdamFactors Optimizer::adam_factors(const Slot& slot, double learning_rate) const {
  const auto count = static_cast<double>(updates_.const_data_ptr<std::int64_t>()[slot.index]);
  const bool apart = config_.kind == "adamw";
  return {learning_rate / (1 - std::pow(config_.betas[0], count)),
          1 / std::sqrt(1 - std::pow(config_.betas[1], count)), apart ? 0 : slot.weight_decay,
          apart ? 1 - learning_rate * slot.weight_decay : 1};
}

void Optimizer::step_in_torch(Slot& slot, const torch::Tensor& gradient, double learning_rate, double scale) {
  torch::Tensor p = slot.parameter, first = slot.first, second = slot.second;
  if (config_.kind == "sgd") {
    const torch::Tensor d = (gradient * scale).add_(p, slot.weight_decay);
    if (config_.momentum == 0) {
      p.sub_(d, learning_rate);
      return;
    }
    first.mul_(config_.momentum).add_(d);
    p.sub_(config_.nesterov ? d.add_(first, config_.momentum) : first, learning_rate);
    return;
  }
  const AdamFactors adam = adam_factors(slot, learning_rate);
  const torch::Tensor d = (gradient * scale).add_(p, adam.coupled_decay);
  first.mul_(config_.betas[0]).add_(d, 1 - config_.betas[0]);
  second.mul_(config_.betas[1]).addcmul_(d, d, 1 - config_.betas[1]);
  p.mul_(adam.shrink)
      .addcdiv_(first, second.sqrt().mul_(adam.root_correction).add_(config_.eps), -adam.step_size);
}

void Optimizer::step_sgd(Slot& slot, const torch::Tensor& gradient, float learning_rate, float scale) {
  float* p = slot.parameter.data_ptr<float>();
  const float* g = gradient.const_data_ptr<float>();
  const auto decay = static_cast<float>(slot.weight_decay);
  const auto momentum = static_cast<float>(config_.momentum);
  if (momentum == 0) {
    for_elements(slot.parameter.numel(), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) p[i] -= learning_rate * (g[i] * scale + decay * p[i]);
    });
    return;
  }
  float* m = slot.first.data_ptr<float>();
  // v ← μ v + d;  p ← p − lr (d + μ v) with Nesterov, p − lr v without.
  const float direct = config_.nesterov ? 1.0F : 0.0F;
  const float along = config_.nesterov ? momentum : 1.0F;
  for_elements(slot.parameter.numel(), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float d = g[i] * scale + decay * p[i];
      const float v = momentum * m[i] + d;
      m[i] = v;
      p[i] -= learning_rate * (direct * d + along * v);
    }
  });
}

void Optimizer::step_adam(Slot& slot, const torch::Tensor& gradient, double learning_rate, float scale) {
  const AdamFactors factors = adam_factors(slot, learning_rate);
  float* p = slot.parameter.data_ptr<float>();
  const float* g = gradient.const_data_ptr<float>();
  float* m = slot.first.data_ptr<float>();
  float* s = slot.second.data_ptr<float>();
  const tensor::AdamStep adam{
      static_cast<float>(config_.betas[0]),  static_cast<float>(config_.betas[1]),
      static_cast<float>(factors.step_size), static_cast<float>(factors.root_correction),
      static_cast<float>(config_.eps),       static_cast<float>(factors.coupled_decay),
      static_cast<float>(factors.shrink),    scale};
  for_elements(slot.parameter.numel(), [=](std::int64_t begin, std::int64_t end) {
    tensor::adam_loop(adam, p + begin, g + begin, m + begin, s + begin, end - begin);
  });
}

tensor::NamedTensors Optimizer::state() const {
  tensor::NamedTensors state;
  for (const Slot& slot : slots_) {
    if (config_.kind == "sgd") {
      if (slot.first.defined()) state.emplace_back("momentum." + slot.name, slot.first);
    } else {
      state.emplace_back("exp_avg." + slot.name, slot.first);
      state.emplace_back("exp_avg_sq." + slot.name, slot.second);
    }
  }
  state.emplace_back("updates", updates_);
  return state;
}

WeightAverage::WeightAverage(double decay, const tensor::NamedTensors& state) : decay_(decay), live_(state) {
  for (const auto& [name, live] : live_) average_.emplace_back("ema." + name, live.detach().clone());
}

void WeightAverage::update(std::int64_t updates_before) {
  const torch::NoGradGuard no_grad;
  const auto n = static_cast<double>(updates_before);
  const auto keep = static_cast<float>(std::min(decay_, (1 + n) / (10 + n)));
  for (std::size_t t = 0; t < live_.size(); ++t) {
    const torch::Tensor& live = live_[t].second;
    torch::Tensor& average = average_[t].second;
    if (!live.is_floating_point()) {
      average.copy_(live);
      continue;
    }
    if (!in_loops(live) || live.strides() != average.strides()) {
      average.mul_(keep).add_(live, 1 - keep);
      continue;
    }
    const float* from = live.const_data_ptr<float>();
    float* to = average.data_ptr<float>();
    for_elements(live.numel(), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = keep * to[i] + (1 - keep) * from[i];
    });
  }
}

void WeightAverage::swap() {
  const torch::NoGradGuard no_grad;
  for (std::size_t t = 0; t < live_.size(); ++t) {
    const torch::Tensor kept = live_[t].second.detach().clone();
    live_[t].second.copy_(average_[t].second);
    average_[t].second.copy_(kept);
  }
}

tensor::NamedTensors WeightAverage::state() const { return average_; }

}  // namespace frugal::train
