#include "autodiff/scaling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "ir/integer_scale.h"
#include "ir/operator.h"
#include "ops/arguments.h"

namespace frugal::autodiff {
namespace {

const ir::Node& node_of(const ir::Model& model, const Gradient& gradient) {
  return model.graph.nodes[static_cast<std::size_t>(gradient.node)];
}

}  // namespace

ops_update update_shape(const ir::Model& model, const Gradient& gradient) {
  const bool depthwise = ir::is(node_of(model, gradient), "depthwise_conv");
  return ops::update_of(model.graph.tensor(gradient.parameter).shape, depthwise, gradient.channels.size());
}

double input_step(const ir::Graph& integers, const ir::Node& node) {
  constexpr double widest = 16;  // inputs of mean 0 and deviation 1 are within it
  const ir::TensorId input = node.inputs.front();
  if (std::find(integers.inputs.begin(), integers.inputs.end(), input) == integers.inputs.end()) return 1;
  const ir::Tensor& x = integers.tensor(input);
  if (x.type != ir::DataType::int8 || !x.quantization) return 1;
  const double range = 255 * ir::scale_of(x);
  return range > widest ? 1 / (range * range) : 1;
}

std::vector<double> scaling_factors(const ir::Model& model, const autodiff::Gradient& gradient) {
  const ir::Tensor& parameter = model.graph.tensor(gradient.parameter);
  const auto outputs = static_cast<std::size_t>(parameter.shape[0]);
  std::vector<double> factors(outputs, 1.0);
  if (parameter.type == ir::DataType::float32) return factors;
  const ir::Node& node = node_of(model, gradient);
  const std::vector<double>& scales = model.graph.tensor(node.inputs[1]).quantization->scale;
  const bool is_bias = parameter.type == ir::DataType::int32;
  const double step = is_bias ? 1 : input_step(model.graph, node);
  const double x_scale = is_bias ? ir::scale_of(model.graph.tensor(node.inputs[0])) : 1;
  // A head's weights of int16 may all be 0: their scale is no channel's.
  const bool is_head = model.graph.tensor(node.inputs[1]).type == ir::DataType::int16;
  const auto weights = is_head ? std::span<const std::int8_t>{} : model.values<std::int8_t>(node.inputs[1]);
  const std::size_t row = weights.size() / outputs;
  for (std::size_t c = 0; c < outputs; ++c) {
    const double scale = x_scale * scales[scales.size() == 1 ? 0 : c];
    const auto channel = weights.subspan(c * row, row);
    bool dead = !is_head && std::all_of(channel.begin(), channel.end(), [](std::int8_t w) { return w == 0; });
    if (node.inputs.size() > 2 && !is_head) {
      const std::int32_t bias = model.values<std::int32_t>(node.inputs[2])[c];
      constexpr std::int32_t ends = std::numeric_limits<std::int32_t>::max();
      dead = dead || bias == ends || bias <= -ends;
    }
    factors[c] = dead ? 0 : step / (scale * scale);
  }
  return factors;
}

std::optional<FactorsOfScales> factors_of_scales(const ir::Model& model, const Gradient& gradient, bool qas) {
  if (!qas || model.graph.tensor(gradient.parameter).type != ir::DataType::int32) return std::nullopt;
  const ir::Node& node = node_of(model, gradient);
  const ir::Tensor& weight = model.graph.tensor(node.inputs[1]);
  const ir::Tensor& y = model.graph.tensor(node.output);
  if (weight.type != ir::DataType::int8 || !y.quantization || ops::rounding_of(node) != OPS_FLOAT32_HALF_EVEN)
    return std::nullopt;
  FactorsOfScales of;
  of.scale = ops::requantize_of(node, model.graph.tensor(node.inputs[0]), &weight, y, weight.shape[0]).scale;
  of.numerator = static_cast<float>(1 / (ir::scale_of(y) * ir::scale_of(y)));
  const std::vector<double> factors = scaling_factors(model, gradient);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (factors[i] == 0) of.scale[i] = 0;
  }
  return of;
}

std::vector<float> float_factors(const ir::Model& model, const Gradient& gradient, bool qas,
                                 std::int64_t& unusable) {
  if (const auto of = factors_of_scales(model, gradient, qas)) {
    std::vector<float> factors;
    for (const float scale : of->scale) {
      unusable += scale == 0;
      factors.push_back(scale == 0 ? 0 : of->numerator / (scale * scale));
    }
    return factors;
  }
  const bool in_float = model.graph.tensor(gradient.parameter).type == ir::DataType::float32;
  std::vector<float> factors;
  for (const double factor : scaling_factors(model, gradient)) {
    unusable += factor == 0;
    factors.push_back(factor == 0 || qas || in_float ? static_cast<float>(factor) : 1.0F);
  }
  return factors;
}

ops_number number_of(double value) {
  const ir::FixedPoint fixed = ir::wide_fixed_point(value);
  return {fixed.multiplier, fixed.shift};
}

ops_number integer_rate(double learning_rate, std::size_t images) {
  const double given = std::ldexp(std::round(std::ldexp(learning_rate, OPS_RATE_BITS)), -OPS_RATE_BITS);
  return number_of(given / static_cast<double>(images));
}

std::vector<ops_number> integer_steps(const ir::Model& model, const Gradient& gradient, bool qas,
                                      std::int64_t& unusable) {
  const std::vector<double> factors = scaling_factors(model, gradient);
  const ir::Node& node = node_of(model, gradient);
  const ir::Tensor& weight = model.graph.tensor(node.inputs[1]);
  const bool is_head = weight.type == ir::DataType::int16;
  const bool by_channel = ir::is(node, "depthwise_conv") && !gradient.channels.empty();
  std::vector<ops_number> steps(factors.size(), {0, 0});
  for (std::size_t i = 0; i < (by_channel ? gradient.channels.size() : factors.size()); ++i) {
    const std::size_t channel = by_channel ? static_cast<std::size_t>(gradient.channels[i]) : i;
    const double factor = factors[channel];
    const double scale = gradient.scale[gradient.scale.size() == 1 ? 0 : i];
    unusable += factor == 0;
    if (factor != 0) steps[channel] = number_of(scale * (qas || is_head ? factor : 1));
  }
  return steps;
}

}  // namespace frugal::autodiff
