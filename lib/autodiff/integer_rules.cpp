// The rules without floats. What is a factor of a whole tensor or of a parameter's channel goes into the
// scale, which is known when the network is compiled; kernels multiply only where channels of one gradient
// meet.
#include <algorithm>
#include <cmath>

#include "autodiff/rules.h"
#include "ir/integer_scale.h"
#include "ir/operator.h"
#include "ops/activation_table.h"
#include "ops/arguments.h"
#include "ops/integer.h"

namespace frugal::autodiff {
namespace {

using ir::TensorId;

// What 2^shift of the sums of the node that was added last means for their scale.
double shifted_unit(const IntegerBackward& b) {
  return std::ldexp(1.0, ops::gradient_shift(b.graph(), b.graph().nodes.back()));
}

std::vector<double> scaled(const std::vector<double>& values, double factor) {
  std::vector<double> result;
  for (const double value : values) result.push_back(value * factor);
  return result;
}

// The gradient where the output was not clamped, else 0.
Mantissas masked(IntegerBackward& b) {
  Mantissas g = b.gradient();
  const ir::Tensor& y = b.output();
  if (y.type == ir::DataType::int32) return g;  // logits: nothing is clamped
  g.values = b.add("mask_gradient", "sum_gradient", {g.values, b.mask()});
  b.store_as(g.values, ir::DataType::int16, g.scale);
  return g;
}

// The gradient of the sums, each channel times its scale, as one scale: for what lies before the layer.
Mantissas in_one_scale(IntegerBackward& b, const Mantissas& g, const std::vector<double>& scales) {
  const double most = *std::max_element(scales.begin(), scales.end());
  if (scales.size() == 1) return g.times(most);
  std::vector<std::int16_t> factors;
  for (const double scale : scales)
    factors.push_back(static_cast<std::int16_t>(std::lround(scale / most * (1 << OPS_FACTOR_BITS))));
  const TensorId sums = b.add("rescale_gradient", "scaled_sums", {g.values, b.factors("factor", factors)});
  return b.narrowed(sums, "scaled_gradient", g.exponent, {g.scale[0] * most / (1 << OPS_FACTOR_BITS)});
}

// Of each trained channel: a depthwise layer's weights may be trained in part of its outputs.
std::vector<double> of_channels(const std::vector<double>& scales,
                                const std::vector<std::int64_t>& channels) {
  if (channels.empty() || scales.size() == 1) return scales;
  std::vector<double> some;
  for (const std::int64_t channel : channels) some.push_back(scales[static_cast<std::size_t>(channel)]);
  return some;
}

void layer(IntegerBackward& b, const char* input_gradient, const char* weight_gradient, bool depthwise,
           const ir::Attributes& attributes) {
  if (b.input(0).type != ir::DataType::int8)
    b.fail("computes in float, which training without floats cannot");
  const std::vector<double> scales = ir::output_scales(b.input(0), b.input(1), b.output());
  const Mantissas g = masked(b);
  if (b.trained() != nullptr && b.trained()->bias) {
    if (b.node().inputs.size() < 3) b.fail("has no bias to train");
    const TensorId sums = b.add("channel_sum", "bias_sums", {g.values});
    const std::vector<double> scale = scaled(scales, g.scale[0] * shifted_unit(b));
    b.give_parameter(b.node().inputs[2], b.narrowed(sums, "bias_gradient", g.exponent, scale), {});
  }
  if (b.trained() != nullptr && b.trained()->weight) {
    const auto& channels = b.trained()->channels;
    const TensorId sums =
        b.add(weight_gradient, "weight_sums", {b.node().inputs[0], g.values}, with_channels(b, attributes));
    const std::vector<double> scale =
        scaled(depthwise ? of_channels(scales, channels) : scales, g.scale[0] * shifted_unit(b));
    b.give_parameter(b.node().inputs[1], b.narrowed(sums, "weight_gradient", g.exponent, scale), channels);
  }
  if (!b.wants(0)) return;
  const Mantissas whole = in_one_scale(b, g, scales);
  const TensorId sums =
      b.add(input_gradient, "input_sums", {whole.values, b.node().inputs[1]}, with_size(b, attributes));
  b.give(0, b.narrowed(sums, "input_gradient", whole.exponent, {whole.scale[0] * shifted_unit(b)}));
}

void conv(IntegerBackward& b) {
  layer(b, "conv_input_gradient", "conv_weight_gradient", false,
        only(b.node().attributes, {"groups", "kernel", "stride", "padding", "dilation"}));
}

void depthwise_conv(IntegerBackward& b) {
  layer(b, "depthwise_input_gradient", "depthwise_weight_gradient", true,
        only(b.node().attributes, {"kernel", "stride", "padding", "dilation"}));
}

void fully_connected(IntegerBackward& b) {
  if (b.input(0).shape.size() != 2) b.fail("is trained on [N, features] alone");
  layer(b, "fully_connected_input_gradient", "fully_connected_weight_gradient", false, {});
}

double scale_ratio(const IntegerBackward& b, std::size_t input) {
  return ir::scale_of(b.input(input)) / ir::scale_of(b.output());
}

void add(IntegerBackward& b) {
  const Mantissas g = holds_activation(b) ? masked(b) : b.gradient();
  for (std::size_t i = 0; i < 2; ++i) {
    if (!b.wants(i)) continue;
    const Mantissas part = g.times(scale_ratio(b, i));
    if (b.input(i).shape == b.output().shape) {
      b.give(i, part);
      continue;
    }
    const TensorId sums = b.add("pixel_sum", "b_sums", {part.values});
    b.give(i, b.narrowed(sums, "b_gradient", part.exponent, {part.scale[0] * shifted_unit(b)}));
  }
}

// Each input's gradient is the other's value.
void mul(IntegerBackward& b) {
  const Mantissas g =
      masked(b).times(ir::scale_of(b.input(0)) * ir::scale_of(b.input(1)) / ir::scale_of(b.output()));
  for (std::size_t i = 0; i < 2; ++i) {
    if (!b.wants(i)) continue;
    const std::string name = i == 0 ? "a" : "b";
    const std::vector<TensorId> inputs{g.values, b.node().inputs[1 - i]};
    const ir::Dims& shape = b.input(i).shape;
    if (shape == b.output().shape) {
      const TensorId products = b.add("mul_input_gradient", name + "_products", inputs,
                                      {{"size", ir::Dims(shape.begin() + 1, shape.end())}});
      b.give(i, b.narrowed(products, name + "_gradient", g.exponent, g.scale));
    } else {
      const TensorId sums = b.add("mul_channel_gradient", name + "_sums", inputs);
      b.give(i, b.narrowed(sums, name + "_gradient", g.exponent, {g.scale[0] * shifted_unit(b)}));
    }
  }
}

void lookup(IntegerBackward& b) {
  if (!b.wants(0)) return;
  const std::vector<double> slopes = ops::activation_slopes(b.node().op->name, b.input(0), b.output());
  double most = 1e-300;
  for (const double slope : slopes) most = std::max(most, std::abs(slope));
  std::vector<std::int16_t> factors;
  for (const double slope : slopes)
    factors.push_back(static_cast<std::int16_t>(std::lround(slope / most * (1 << OPS_FACTOR_BITS))));
  const Mantissas g = b.gradient();
  const TensorId products = b.add("lookup_gradient", "input_products",
                                  {b.node().inputs[0], g.values, b.factors("slopes", factors)});
  b.give(0, b.narrowed(products, "input_gradient", g.exponent, {g.scale[0] * most / (1 << OPS_FACTOR_BITS)}));
}

// Each part of the gradient to what it came from.
void concatenate(IntegerBackward& b) {
  const std::int64_t axis = ir::call_of(b.graph(), b.node()).integer("axis");
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < b.node().inputs.size(); ++i) {
    const std::int64_t end = begin + b.input(i).shape[static_cast<std::size_t>(axis)];
    if (b.wants(i)) {
      Mantissas g = b.gradient();
      g.values = b.add("slice", "part" + std::to_string(i) + "_gradient", {g.values},
                       {{"axis", axis}, {"begin", begin}, {"end", end}});
      b.store_as(g.values, ir::DataType::int16, g.scale);
      b.give(i, g);
    }
    begin = end;
  }
}

void requantize(IntegerBackward& b) {
  if (b.wants(0)) b.give(0, masked(b).times(scale_ratio(b, 0)));
}

void average_pool(IntegerBackward& b) {
  if (!b.wants(0)) return;
  no_activation(b);
  const Mantissas g = b.gradient();
  const TensorId sums =
      b.add("average_pool_input_gradient", "input_sums", {g.values},
            with_size(b, only(b.node().attributes, {"kernel", "stride", "padding", "dilation"})));
  const double unit = ops::pool_unit(ops::window_of(b.node(), b.input(0).shape, b.output().shape));
  b.give(0, b.narrowed(sums, "input_gradient", g.exponent, {g.scale[0] * scale_ratio(b, 0) / unit}));
}

void global_average_pool(IntegerBackward& b) {
  if (!b.wants(0)) return;
  no_activation(b);
  const ir::Dims& shape = b.input(0).shape;
  Mantissas g = b.gradient().times(scale_ratio(b, 0) /
                                   static_cast<double>(ir::elements(shape) / (shape[0] * shape[1])));
  g.values = b.add("global_average_pool_input_gradient", "input_gradient", {g.values}, with_size(b, {}));
  b.store_as(g.values, ir::DataType::int16, g.scale);
  b.give(0, g);
}

void max_pool(IntegerBackward& b) {
  if (!b.wants(0)) return;
  no_activation(b);
  const Mantissas g = b.gradient();
  const TensorId sums = b.add("max_pool_input_gradient", "input_sums", {b.node().inputs[0], g.values},
                              only(b.node().attributes, {"kernel", "stride", "padding", "dilation"}));
  b.give(0, b.narrowed(sums, "input_gradient", g.exponent, g.scale));
}

void same_values(IntegerBackward& b) {
  if (!b.wants(0)) return;
  const ir::Dims& shape = b.input(0).shape;
  Mantissas g = b.gradient();
  g.values =
      b.add("reshape", "input_gradient", {g.values}, {{"shape", ir::Dims(shape.begin() + 1, shape.end())}});
  b.store_as(g.values, ir::DataType::int16, g.scale);
  b.give(0, g);
}

void identity(IntegerBackward& b) {
  if (b.wants(0)) b.give(0, b.gradient());
}

void cross_entropy(IntegerBackward& b) {
  if (!b.wants(0)) return;
  const TensorId sums = b.add("cross_entropy_gradient", "logits_sums", b.node().inputs);
  b.give(0, b.narrowed(sums, "logits_gradient", ir::none,
                       {std::ldexp(ir::scale_of(b.input(0)), -OPS_PROBABILITY_BITS)}));
}

struct Entry {
  const char* op;
  IntegerRule rule;
};
constexpr Entry table[] = {
    {"conv", conv},
    {"depthwise_conv", depthwise_conv},
    {"fully_connected", fully_connected},
    {"add", add},
    {"average_pool", average_pool},
    {"global_average_pool", global_average_pool},
    {"max_pool", max_pool},
    {"requantize", requantize},
    {"mul", mul},
    {"h_swish", lookup},
    {"h_sigmoid", lookup},
    {"sigmoid", lookup},
    {"tanh", lookup},
    {"concatenate", concatenate},
    {"reshape", same_values},
    {"flatten", same_values},
    {"identity", identity},
    {"cross_entropy", cross_entropy},
};

}  // namespace

IntegerRule find_integer_rule(const std::string& op) {
  for (const Entry& entry : table) {
    if (op == entry.op) return entry.rule;
  }
  return nullptr;
}

}  // namespace frugal::autodiff
