// Training without floats: ops/integer.h for the nodes of autodiff/integer_rules.cpp.
#include <cmath>
#include <string_view>

#include "ir/integer_scale.h"
#include "ops/arguments.h"
#include "ops/integer.h"
#include "quant/binding.h"

namespace frugal::quant {
namespace {

using ir::DataType;
using ir::TensorId;

std::int32_t down_of(const Binding& b) { return ops::gradient_shift(b.model.graph, b.node); }

ops_logits logits_of(const ir::Tensor& logits) {
  const double scale = ir::scale_of(logits);
  const ir::FixedPoint fixed = ir::fixed_point(scale * (1 << 26));
  const double least = -std::min(std::floor(31 / scale), 2147483647.0);
  return {fixed.multiplier, fixed.shift, static_cast<std::int32_t>(least)};
}

// The head: i8 features, i16 weights, i32 logits.
Step head(const Binding& b) {
  b.need(0, DataType::int8);
  if (b.has_input(2)) b.need(2, DataType::int32);
  const auto in = static_cast<std::int32_t>(b.input(1).shape[1]),
             out = static_cast<std::int32_t>(b.input(1).shape[0]);
  return FRUGAL_CALL(ops_fully_connected_i16, b.x(0), b.x(1), b.x(2), b.y(), in, out, zero_of(b.input(0)),
                     down_of(b));
}

Step cross_entropy(const Binding& b) {
  const auto classes = static_cast<std::int32_t>(b.input(0).shape[1]);
  return FRUGAL_CALL(ops_cross_entropy_i32, b.x(0), b.x(1), b.y(), classes, logits_of(b.input(0)));
}

Step cross_entropy_gradient(const Binding& b) {
  const auto classes = static_cast<std::int32_t>(b.input(0).shape[1]);
  return FRUGAL_CALL(ops_cross_entropy_gradient_i32, b.x(0), b.x(1), b.y(), classes, logits_of(b.input(0)));
}

Step shared_exponent(const Binding& b) {
  const auto count = static_cast<std::int32_t>(ir::elements(b.input(0).shape));
  return FRUGAL_CALL(ops_shared_exponent, b.x(0), count, b.x(1), b.y());
}

Step narrow(const Binding& b) { return FRUGAL_CALL(ops_narrow, b.x(0), b.y(), b.count(), b.x(1), b.x(2)); }

ops_branches branches_of(const Binding& b) {
  const ir::Call call = ir::call_of(b.model.graph, b.node);
  const auto number = [&](const char* name) { return static_cast<std::int32_t>(call.integer(name)); };
  return {number("a_factor"), number("a_shift"), number("b_factor"), number("b_shift")};
}

Step common_exponent(const Binding& b) {
  return FRUGAL_CALL(ops_common_exponent, b.x(0), b.x(1), b.y(), branches_of(b));
}

Step sum_gradients(const Binding& b) {
  return FRUGAL_CALL(ops_sum_gradients, b.x(0), b.x(1), b.x(2), b.x(3), b.y(), b.x(4), b.count(),
                     branches_of(b));
}

Step mask_gradient(const Binding& b) {
  return FRUGAL_CALL(ops_mask_gradient_i16, b.x(0), b.x(1), b.y(), b.count());
}

Step rescale_gradient(const Binding& b) {
  b.need(1, DataType::int16);
  const auto channels = static_cast<std::int32_t>(b.input(0).shape[1]);
  if (b.input(1).shape[0] != channels || b.has_input(2)) b.fail("needs a factor a channel, and no mask");
  return FRUGAL_CALL(ops_rescale_gradient_i16, b.x(0), b.x(1), b.y(), b.pixels(), channels);
}

Step channel_sum(const Binding& b) {
  const auto channels = static_cast<std::int32_t>(b.input(0).shape[1]);
  return FRUGAL_CALL(ops_channel_sum_i16, b.x(0), b.y(), b.pixels(), channels, down_of(b));
}

ops_window window_of_input_gradient(const Binding& b) {
  b.need(1, DataType::int8);
  return ops::window_of(b.node, b.output().shape, b.input(0).shape);
}
Step conv_input_gradient(const Binding& b) {
  return FRUGAL_CALL(ops_conv_input_gradient_i16, b.x(0), b.x(1), b.y(), window_of_input_gradient(b),
                     down_of(b));
}
Step depthwise_input_gradient(const Binding& b) {
  return FRUGAL_CALL(ops_depthwise_input_gradient_i16, b.x(0), b.x(1), b.y(), window_of_input_gradient(b),
                     down_of(b));
}
Step fully_connected_input_gradient(const Binding& b) {
  if (b.input(1).type == DataType::int8) return conv_input_gradient(b);
  b.need(1, DataType::int16);
  const auto out = static_cast<std::int32_t>(b.input(1).shape[0]),
             in = static_cast<std::int32_t>(b.input(1).shape[1]);
  return FRUGAL_CALL(ops_fully_connected_input_gradient_i16, b.x(0), b.x(1), b.y(), in, out, down_of(b));
}

ops_window window_of_weight_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  return ops::window_of(b.node, b.input(0).shape, b.input(1).shape);
}
Step conv_weight_gradient(const Binding& b) {
  const auto trained = static_cast<std::int32_t>(b.output().shape[1]);
  return FRUGAL_CALL(ops_conv_weight_gradient_i16, b.x(0), zero_of(b.input(0)), b.x(1), b.y(),
                     channels_of(b.node), trained, window_of_weight_gradient(b), down_of(b));
}
Step depthwise_weight_gradient(const Binding& b) {
  const auto trained = static_cast<std::int32_t>(b.output().shape[0]);
  return FRUGAL_CALL(ops_depthwise_weight_gradient_i16, b.x(0), zero_of(b.input(0)), b.x(1), b.y(),
                     channels_of(b.node), trained, window_of_weight_gradient(b), down_of(b));
}

Step average_pool_gradient(const Binding& b) {
  const ops_window window = ops::window_of(b.node, b.output().shape, b.input(0).shape);
  return FRUGAL_CALL(ops_average_pool_input_gradient_i16, b.x(0), b.y(), window, ops::pool_unit(window));
}

Step global_average_pool_gradient(const Binding& b) {
  const auto channels = static_cast<std::int32_t>(b.output().shape[1]);
  return FRUGAL_CALL(ops_global_average_pool_input_gradient_i16, b.x(0), b.y(), b.count() / channels,
                     channels);
}

Step max_pool_gradient(const Binding& b) {
  return FRUGAL_CALL(ops_max_pool_input_gradient_i16, b.x(0), b.x(1), b.y(), window_of_weight_gradient(b));
}

Step mul_input_gradient(const Binding& b) {
  b.need(1, DataType::int8);
  return FRUGAL_CALL(ops_mul_input_gradient_i16, b.x(0), b.x(1), zero_of(b.input(1)), b.y(), b.count(),
                     repeated(b, 1));
}

Step mul_channel_gradient(const Binding& b) {
  b.need(1, DataType::int8);
  return FRUGAL_CALL(ops_mul_channel_gradient_i16, b.x(0), b.x(1), zero_of(b.input(1)), b.y(), b.pixels(),
                     b.count(), down_of(b));
}

Step lookup_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(2, DataType::int16);
  return FRUGAL_CALL(ops_lookup_gradient_i16, b.x(0), b.x(1), b.x(2), b.y(), b.count());
}

constexpr KernelEntry integer_table[] = {
    {"fully_connected", head},
    {"cross_entropy", cross_entropy},
    {"cross_entropy_gradient", cross_entropy_gradient},
    {"shared_exponent", shared_exponent},
    {"narrow", narrow},
    {"common_exponent", common_exponent},
    {"sum_gradients", sum_gradients},
    {"mask_gradient", mask_gradient},
    {"rescale_gradient", rescale_gradient},
    {"channel_sum", channel_sum},
    {"pixel_sum", channel_sum},
    {"mul_input_gradient", mul_input_gradient},
    {"mul_channel_gradient", mul_channel_gradient},
    {"lookup_gradient", lookup_gradient},
    {"conv_input_gradient", conv_input_gradient},
    {"depthwise_input_gradient", depthwise_input_gradient},
    {"fully_connected_input_gradient", fully_connected_input_gradient},
    {"conv_weight_gradient", conv_weight_gradient},
    {"depthwise_weight_gradient", depthwise_weight_gradient},
    {"fully_connected_weight_gradient", conv_weight_gradient},
    {"average_pool_input_gradient", average_pool_gradient},
    {"global_average_pool_input_gradient", global_average_pool_gradient},
    {"max_pool_input_gradient", max_pool_gradient},
};

}  // namespace

const KernelEntry* integer_kernel(const ir::Model& model, const ir::Node& node) {
  const auto is_wide = [&](TensorId id) {
    const ir::Tensor& tensor = model.graph.tensor(id);
    return tensor.type == DataType::int16 || (tensor.type == DataType::int32 && id == node.output);
  };
  bool wide = is_wide(node.output);
  for (const TensorId id : node.inputs) wide = wide || is_wide(id);
  if (!wide) return nullptr;
  for (const KernelEntry& entry : integer_table) {
    if (std::string_view(node.op->name) == entry.op) return &entry;
  }
  return nullptr;
}

}  // namespace frugal::quant
