#include "autodiff/rules.h"

#include <cstring>

#include "ir/integer_scale.h"
#include "ir/operator.h"
#include "ops/activation_table.h"

namespace frugal::autodiff {
namespace {

using ir::TensorId;

bool in_integers(const Backward& b) { return b.input(0).type == ir::DataType::int8; }

std::vector<float> as_floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

// The gradient of the sums of a layer on integers: masked, in units of the sums.
TensorId of_sums(Backward& b, const std::vector<double>& scales) {
  return b.add("rescale_gradient", "sum_gradient",
               {b.gradient(), b.constant("scale", as_floats(scales)), b.mask()});
}

// What layers with a weight share: gradients of bias, weight and input, from that of the sums.
void layer(Backward& b, const char* input_gradient, const char* weight_gradient, const char* sum,
           const ir::Attributes& attributes) {
  TensorId g = b.gradient();
  if (in_integers(b)) g = of_sums(b, ir::output_scales(b.input(0), b.input(1), b.output()));
  if (b.trained() != nullptr && b.trained()->bias) {
    if (b.node().inputs.size() < 3) b.fail("has no bias to train");
    b.give_parameter(b.node().inputs[2], sum == nullptr ? g : b.add(sum, "bias_gradient", {g}), {});
  }
  if (b.trained() != nullptr && b.trained()->weight) {
    const TensorId w =
        b.add(weight_gradient, "weight_gradient", {b.node().inputs[0], g}, with_channels(b, attributes));
    b.give_parameter(b.node().inputs[1], w, b.trained()->channels);
  }
  if (b.wants(0))
    b.give(0, b.add(input_gradient, "input_gradient", {g, b.node().inputs[1]}, with_size(b, attributes)));
}

void conv(Backward& b) {
  layer(b, "conv_input_gradient", "conv_weight_gradient", "channel_sum",
        only(b.node().attributes, {"groups", "kernel", "stride", "padding", "dilation"}));
}

void depthwise_conv(Backward& b) {
  layer(b, "depthwise_input_gradient", "depthwise_weight_gradient", "channel_sum",
        only(b.node().attributes, {"kernel", "stride", "padding", "dilation"}));
}

void fully_connected(Backward& b) {
  if (b.input(0).shape.size() != 2) b.fail("is trained on [N, features] alone");
  layer(b, "fully_connected_input_gradient", "fully_connected_weight_gradient", "channel_sum", {});
}

// Σ of the inputs, each in its own units. The authors' program lets gradients pass where a sum saturates; so
// it is here, but for sums with an activation in them.
void add(Backward& b) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (!b.wants(i)) continue;
    if (!in_integers(b)) {
      if (b.input(i).shape != b.output().shape)
        b.fail("of a number a channel is differentiated on integers alone");
      b.give(i, b.gradient());
      continue;
    }
    const auto factor = static_cast<float>(ir::scale_of(b.input(i)) / ir::scale_of(b.output()));
    const std::string which = i == 0 ? "a" : "b";
    std::vector<TensorId> inputs{b.gradient(), b.constant(which + "_scale", {factor})};
    if (holds_activation(b)) inputs.push_back(b.mask());
    TensorId g = b.add("rescale_gradient", which + "_gradient", inputs);
    if (b.input(i).shape != b.output().shape) g = b.add("pixel_sum", which + "_gradient_sum", {g});
    b.give(i, g);
  }
}

void need_integers(const Backward& b) {
  if (!in_integers(b)) b.fail("is differentiated on integers alone");
}

// Each input's gradient is the other's value.
void mul(Backward& b) {
  need_integers(b);
  const TensorId g =
      of_sums(b, {ir::scale_of(b.input(0)) * ir::scale_of(b.input(1)) / ir::scale_of(b.output())});
  for (std::size_t i = 0; i < 2; ++i) {
    if (!b.wants(i)) continue;
    const TensorId other = b.node().inputs[1 - i];
    const std::string name = i == 0 ? "a_gradient" : "b_gradient";
    const ir::Dims& shape = b.input(i).shape;
    b.give(i, shape == b.output().shape ? b.add("mul_input_gradient", name, {g, other},
                                                {{"size", ir::Dims(shape.begin() + 1, shape.end())}})
                                        : b.add("mul_channel_gradient", name, {g, other}));
  }
}

void lookup(Backward& b) {
  if (!b.wants(0)) return;
  need_integers(b);
  const auto slopes = as_floats(ops::activation_slopes(b.node().op->name, b.input(0), b.output()));
  b.give(0, b.add("lookup_gradient", "input_gradient",
                  {b.node().inputs[0], b.gradient(), b.constant("slopes", slopes)}));
}

// Each part of the gradient to what it came from.
void concatenate(Backward& b) {
  const ir::Call call = ir::call_of(b.graph(), b.node());
  const std::int64_t axis = call.integer("axis");
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < b.node().inputs.size(); ++i) {
    const std::int64_t end = begin + b.input(i).shape[static_cast<std::size_t>(axis)];
    if (b.wants(i)) {
      b.give(i, b.add("slice", "part" + std::to_string(i) + "_gradient", {b.gradient()},
                      {{"axis", axis}, {"begin", begin}, {"end", end}}));
    }
    begin = end;
  }
}

void requantize(Backward& b) {
  if (b.wants(0)) b.give(0, of_sums(b, {ir::scale_of(b.input(0)) / ir::scale_of(b.output())}));
}

// A pool: where input and output have scales of their own, their ratio comes in.
void pool(Backward& b, const char* op, const ir::Attributes& attributes) {
  if (!b.wants(0)) return;
  no_activation(b);
  TensorId g = b.gradient();
  if (in_integers(b) && ir::scale_of(b.input(0)) != ir::scale_of(b.output())) {
    const auto factor = static_cast<float>(ir::scale_of(b.input(0)) / ir::scale_of(b.output()));
    g = b.add("rescale_gradient", "sum_gradient", {g, b.constant("scale", {factor})});
  }
  b.give(0, b.add(op, "input_gradient", {g}, with_size(b, attributes)));
}

void average_pool(Backward& b) {
  pool(b, "average_pool_input_gradient",
       only(b.node().attributes, {"kernel", "stride", "padding", "dilation"}));
}

void global_average_pool(Backward& b) { pool(b, "global_average_pool_input_gradient", {}); }

void max_pool(Backward& b) {
  if (!b.wants(0)) return;
  no_activation(b);
  b.give(0, b.add("max_pool_input_gradient", "input_gradient", {b.node().inputs[0], b.gradient()},
                  only(b.node().attributes, {"kernel", "stride", "padding", "dilation"})));
}

void dequantize(Backward& b) {
  if (!b.wants(0)) return;
  const auto factor = static_cast<float>(ir::scale_of(b.input(0)));
  b.give(0, b.add("rescale_gradient", "input_gradient", {b.gradient(), b.constant("scale", {factor})}));
}

void same_values(Backward& b) {
  if (!b.wants(0)) return;
  const ir::Dims& shape = b.input(0).shape;
  b.give(0, b.add("reshape", "input_gradient", {b.gradient()},
                  {{"shape", ir::Dims(shape.begin() + 1, shape.end())}}));
}

void identity(Backward& b) {
  if (b.wants(0)) b.give(0, b.gradient());
}

void cross_entropy(Backward& b) {
  if (b.wants(0)) b.give(0, b.add("cross_entropy_gradient", "logits_gradient", b.node().inputs));
}

void mean_squared_error(Backward& b) {
  if (b.wants(0)) b.give(0, b.add("mean_squared_error_gradient", "output_gradient", b.node().inputs));
}

struct Entry {
  const char* op;
  Rule rule;
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
    {"dequantize", dequantize},
    {"reshape", same_values},
    {"flatten", same_values},
    {"identity", identity},
    {"cross_entropy", cross_entropy},
    {"mean_squared_error", mean_squared_error},
};

}  // namespace

ir::Attributes only(const ir::Attributes& all, std::initializer_list<const char*> names) {
  ir::Attributes some;
  for (const auto& [name, value] : all) {
    for (const char* wanted : names) {
      if (name == wanted) some.emplace_back(name, value);
    }
  }
  return some;
}

ir::Attributes with_size(const NodeView& b, ir::Attributes attributes) {
  const ir::Dims& shape = b.input(0).shape;
  attributes.insert(attributes.begin(), {"size", ir::Dims(shape.begin() + 1, shape.end())});
  return attributes;
}

ir::Attributes with_channels(const NodeView& b, ir::Attributes attributes) {
  attributes.insert(attributes.begin(), {"channels", b.trained()->channels});
  return attributes;
}

bool holds_activation(const NodeView& b) {
  const auto& clamp = ir::call_of(b.graph(), b.node()).integers("clamp");
  return clamp[0] > -128 || clamp[1] < 127 || ir::zero_point_of(b.output()) == -128;
}

void no_activation(const NodeView& b) {
  if (b.input(0).type != ir::DataType::int8) return;
  const auto& clamp = ir::call_of(b.graph(), b.node()).integers("clamp");
  if (clamp[0] > -128 || clamp[1] < 127)
    b.fail("with an activation in it has no gradient", "let the activation stand behind the pool");
}

Rule find_rule(const std::string& op) {
  for (const Entry& entry : table) {
    if (op == entry.op) return entry.rule;
  }
  return nullptr;
}

}  // namespace frugal::autodiff
