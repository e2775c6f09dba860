#include "quant/update.h"

#include <algorithm>
#include <cmath>

namespace frugal::quant {
namespace {

constexpr double adam_first = 0.9, adam_second = 0.999, adam_epsilon = 1e-8;
constexpr double lars_trust = 0.001;

}  // namespace

std::uint32_t folded_seed(std::uint64_t seed) { return static_cast<std::uint32_t>(seed ^ (seed >> 32)); }

std::uint32_t rounding_seed(std::uint64_t seed, std::int64_t step) {
  return ops_rounding_seed(folded_seed(seed), static_cast<std::uint32_t>(step));
}

ParameterUpdate::ParameterUpdate(const ir::Model& model, const autodiff::Gradient& gradient,
                                 const TrainerConfig& config, const Parameters& parameters,
                                 std::uint32_t first_place, std::int64_t& unusable)
    : config_(config),
      parameter_(gradient.parameter),
      type_(model.graph.tensor(gradient.parameter).type),
      shape_(autodiff::update_shape(model, gradient)),
      channels_(gradient.channels.begin(), gradient.channels.end()) {
  const ir::Tensor& parameter = model.graph.tensor(parameter_);
  state_.name = parameter.name;
  size_ = static_cast<std::size_t>(shape_.outer) * static_cast<std::size_t>(shape_.places) *
          static_cast<std::size_t>(shape_.trained);
  shape_.first = first_place;
  shape_.storage = config.storage == Storage::truncate     ? OPS_TRUNCATE
                   : config.storage == Storage::stochastic ? OPS_STOCHASTIC
                                                           : OPS_NEAREST;
  factor_ = autodiff::float_factors(model, gradient, config.method == Method::qas, unusable);
  if (config.storage == Storage::latent && type_ != ir::DataType::float32) {
    for (std::size_t i = 0; i < size_; ++i) {
      state_.latent.push_back(
          type_ == ir::DataType::int8
              ? static_cast<float>(parameters.values<std::int8_t>(parameter_)[place_of(i)])
              : static_cast<float>(parameters.values<std::int32_t>(parameter_)[place_of(i)]));
    }
  }
  if (config.method == Method::adam) {
    state_.first.assign(size_, 0);
    state_.second.assign(size_, 0);
  } else if (config.momentum > 0) {
    state_.first.assign(size_, 0);
  }
}

std::size_t ParameterUpdate::place_of(std::size_t i) const {
  const auto trained = static_cast<std::size_t>(shape_.trained);
  const std::size_t inner =
      channels_.empty() ? i % trained : static_cast<std::size_t>(channels_[i % trained]);
  return i / trained * static_cast<std::size_t>(shape_.inner) + inner;
}

std::size_t ParameterUpdate::channel_of(std::size_t i) const {
  const std::size_t place = place_of(i), inner = static_cast<std::size_t>(shape_.inner);
  if (shape_.channels_inside != 0) return place % inner;
  return place / inner / static_cast<std::size_t>(shape_.places);
}

void ParameterUpdate::momentum(std::span<float> gradient) {
  const auto rate = static_cast<float>(config_.momentum);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    state_.first[i] = rate * state_.first[i] + gradient[i];
    gradient[i] = state_.first[i];
  }
}

void ParameterUpdate::adam(std::span<float> gradient, std::int64_t step) {
  const double first_part = 1 - std::pow(adam_first, static_cast<double>(step + 1));
  const double second_part = 1 - std::pow(adam_second, static_cast<double>(step + 1));
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const double g = gradient[i];
    const double m = adam_first * state_.first[i] + (1 - adam_first) * g;
    const double v = adam_second * state_.second[i] + (1 - adam_second) * g * g;
    state_.first[i] = static_cast<float>(m);
    state_.second[i] = static_cast<float>(v);
    gradient[i] = static_cast<float>(m / first_part / (std::sqrt(v / second_part) + adam_epsilon));
  }
}

// You, Gitman, Ginsburg 2017: the gradient at 0.001 of the parameter's norm.
void ParameterUpdate::lars(const Parameters& parameters, std::span<float> gradient) {
  double weights = 0, gradients = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const std::size_t at = place_of(i);
    const double w = type_ == ir::DataType::int8    ? parameters.values<std::int8_t>(parameter_)[at]
                     : type_ == ir::DataType::int32 ? parameters.values<std::int32_t>(parameter_)[at]
                                                    : parameters.values<float>(parameter_)[at];
    weights += w * w;
    gradients += static_cast<double>(gradient[i]) * gradient[i];
  }
  if (weights == 0 || gradients == 0) return;
  const auto rate = static_cast<float>(lars_trust * std::sqrt(weights / gradients));
  for (float& g : gradient) g *= rate;
}

void ParameterUpdate::keep_latent(Parameters& parameters, std::span<const float> gradient, float rate) {
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    float& latent = state_.latent[i];
    latent -= rate * factor_[channel_of(i)] * gradient[i];
    const std::size_t at = place_of(i);
    if (type_ == ir::DataType::int8) {
      latent = std::clamp(latent, -127.0F, 127.0F);
      parameters.values<std::int8_t>(parameter_)[at] = static_cast<std::int8_t>(std::nearbyint(latent));
    } else {
      constexpr float most = 2147483520.0F;  // the largest float within int32
      latent = std::clamp(latent, -most, most);
      parameters.values<std::int32_t>(parameter_)[at] = static_cast<std::int32_t>(std::nearbyint(latent));
    }
  }
}

void ParameterUpdate::apply(Parameters& parameters, std::span<float> gradient, double learning_rate,
                            std::int64_t step) {
  if (config_.method == Method::lars) lars(parameters, gradient);
  if (config_.method == Method::adam) {
    adam(gradient, step);
  } else if (config_.momentum > 0) {
    momentum(gradient);
  }
  const auto rate = static_cast<float>(learning_rate);
  if (type_ == ir::DataType::float32) {
    ops_update_f32(parameters.values<float>(parameter_).data(), gradient.data(), &rate,
                   static_cast<std::int32_t>(gradient.size()));
    return;
  }
  if (config_.storage == Storage::latent) return keep_latent(parameters, gradient, rate);
  ops_update how = shape_;
  how.channels = channels_.empty() ? nullptr : channels_.data();
  const std::uint32_t seed = rounding_seed(config_.seed, step);
  if (type_ == ir::DataType::int8) {
    ops_update_i8(parameters.values<std::int8_t>(parameter_).data(), gradient.data(), factor_.data(), &rate,
                  &seed, &how);
  } else {
    ops_update_i32(parameters.values<std::int32_t>(parameter_).data(), gradient.data(), factor_.data(), &rate,
                   &seed, &how);
  }
}

}  // namespace frugal::quant
