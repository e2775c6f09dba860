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
std::int32_t zero_of(const ir::Tensor& x) { return static_cast<std::int32_t>(ir::zero_point_of(x)); }

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
  const std::int32_t zero = zero_of(b.input(0)), down = down_of(b);
  const TensorId x = b.node.inputs[0], w = b.node.inputs[1], bias = b.input_or_none(2), y = b.node.output;
  return {[=](Workspace& s) {
    ops_fully_connected_i16(s.at<int8_t>(x), s.at<int16_t>(w), at<int32_t>(s, bias), s.at<int32_t>(y), in,
                            out, zero, down);
  }};
}

Step cross_entropy(const Binding& b) {
  const auto classes = static_cast<std::int32_t>(b.input(0).shape[1]);
  const ops_logits how = logits_of(b.input(0));
  const TensorId logits = b.node.inputs[0], label = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    *s.at<int32_t>(y) = ops_cross_entropy_i32(s.at<int32_t>(logits), *s.at<int32_t>(label), classes, &how);
  }};
}

Step cross_entropy_gradient(const Binding& b) {
  const auto classes = static_cast<std::int32_t>(b.input(0).shape[1]);
  const ops_logits how = logits_of(b.input(0));
  const TensorId logits = b.node.inputs[0], label = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_cross_entropy_gradient_i32(s.at<int32_t>(logits), *s.at<int32_t>(label), s.at<int32_t>(y), classes,
                                   &how);
  }};
}

Step shared_exponent(const Binding& b) {
  const auto count = static_cast<std::int32_t>(ir::elements(b.input(0).shape));
  const TensorId sums = b.node.inputs[0], before = b.input_or_none(1), y = b.node.output;
  return {[=](Workspace& s) {
    *s.at<int32_t>(y) =
        ops_shared_exponent(s.at<int32_t>(sums), count, before == ir::none ? 0 : *s.at<int32_t>(before));
  }};
}

Step narrow(const Binding& b) {
  const std::int32_t count = b.count();
  const TensorId sums = b.node.inputs[0], after = b.node.inputs[1], before = b.input_or_none(2),
                 y = b.node.output;
  return {[=](Workspace& s) {
    const std::int32_t from = before == ir::none ? 0 : *s.at<int32_t>(before);
    ops_narrow(s.at<int32_t>(sums), s.at<int16_t>(y), count, *s.at<int32_t>(after) - from);
  }};
}

ops_branches branches_of(const Binding& b) {
  const ir::Call call = ir::call_of(b.model.graph, b.node);
  const auto number = [&](const char* name) { return static_cast<std::int32_t>(call.integer(name)); };
  return {number("a_factor"), number("a_shift"), number("b_factor"), number("b_shift")};
}

Step common_exponent(const Binding& b) {
  const ops_branches how = branches_of(b);
  const TensorId p = b.node.inputs[0], q = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    *s.at<int32_t>(y) = ops_common_exponent(*s.at<int32_t>(p), *s.at<int32_t>(q), &how);
  }};
}

Step sum_gradients(const Binding& b) {
  const ops_branches how = branches_of(b);
  const std::int32_t count = b.count();
  const std::vector<TensorId> in = b.node.inputs;
  const TensorId y = b.node.output;
  return {[=](Workspace& s) {
    ops_sum_gradients(s.at<int16_t>(in[0]), *s.at<int32_t>(in[1]), s.at<int16_t>(in[2]),
                      *s.at<int32_t>(in[3]), s.at<int32_t>(y), *s.at<int32_t>(in[4]), count, &how);
  }};
}

Step mask_gradient(const Binding& b) {
  const std::int32_t count = b.count();
  const TensorId g = b.node.inputs[0], mask = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_mask_gradient_i16(s.at<int16_t>(g), s.at<uint8_t>(mask), s.at<int16_t>(y), count);
  }};
}

Step rescale_gradient(const Binding& b) {
  b.need(1, DataType::int16);
  const auto channels = static_cast<std::int32_t>(b.input(0).shape[1]);
  if (b.input(1).shape[0] != channels || b.has_input(2)) b.fail("needs a factor a channel, and no mask");
  const std::int32_t pixels = b.pixels();
  const TensorId g = b.node.inputs[0], factor = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_rescale_gradient_i16(s.at<int16_t>(g), s.at<int16_t>(factor), s.at<int32_t>(y), pixels, channels);
  }};
}

Step channel_sum(const Binding& b) {
  const auto channels = static_cast<std::int32_t>(b.input(0).shape[1]);
  const std::int32_t pixels = b.pixels(), down = down_of(b);
  const TensorId g = b.node.inputs[0], y = b.node.output;
  return {
      [=](Workspace& s) { ops_channel_sum_i16(s.at<int16_t>(g), s.at<int32_t>(y), pixels, channels, down); }};
}

using InputGradient = void (*)(const int16_t*, const int8_t*, int32_t*, const ops_window*, int32_t);

Step input_gradient(const Binding& b, InputGradient kernel) {
  b.need(1, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.output().shape, b.input(0).shape);
  const std::int32_t down = down_of(b);
  const TensorId g = b.node.inputs[0], w = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) { kernel(s.at<int16_t>(g), s.at<int8_t>(w), s.at<int32_t>(y), &window, down); }};
}
Step conv_input_gradient(const Binding& b) { return input_gradient(b, ops_conv_input_gradient_i16); }
Step depthwise_input_gradient(const Binding& b) {
  return input_gradient(b, ops_depthwise_input_gradient_i16);
}
Step fully_connected_input_gradient(const Binding& b) {
  if (b.input(1).type == DataType::int8) return conv_input_gradient(b);
  b.need(1, DataType::int16);
  const auto out = static_cast<std::int32_t>(b.input(1).shape[0]),
             in = static_cast<std::int32_t>(b.input(1).shape[1]);
  const std::int32_t down = down_of(b);
  const TensorId g = b.node.inputs[0], w = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_fully_connected_input_gradient_i16(s.at<int16_t>(g), s.at<int16_t>(w), s.at<int32_t>(y), in, out,
                                           down);
  }};
}

using WeightGradient = void (*)(const int8_t*, int32_t, const int16_t*, int32_t*, const int32_t*, int32_t,
                                const ops_window*, int32_t);

Step weight_gradient(const Binding& b, WeightGradient kernel, std::int64_t trained) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.input(1).shape);
  const std::int32_t zero = zero_of(b.input(0)), down = down_of(b);
  const auto channels = channels_of(b.node);
  const TensorId x = b.node.inputs[0], g = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    kernel(s.at<int8_t>(x), zero, s.at<int16_t>(g), s.at<int32_t>(y),
           channels->empty() ? nullptr : channels->data(), static_cast<std::int32_t>(trained), &window, down);
  }};
}
Step conv_weight_gradient(const Binding& b) {
  return weight_gradient(b, ops_conv_weight_gradient_i16, b.output().shape[1]);
}
Step depthwise_weight_gradient(const Binding& b) {
  return weight_gradient(b, ops_depthwise_weight_gradient_i16, b.output().shape[0]);
}

Step average_pool_gradient(const Binding& b) {
  const ops_window window = ops::window_of(b.node, b.output().shape, b.input(0).shape);
  const std::int32_t unit = ops::pool_unit(window);
  const TensorId g = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) {
    ops_average_pool_input_gradient_i16(s.at<int16_t>(g), s.at<int32_t>(y), &window, unit);
  }};
}

Step global_average_pool_gradient(const Binding& b) {
  const auto channels = static_cast<std::int32_t>(b.output().shape[1]);
  const std::int32_t pixels = b.count() / channels;
  const TensorId g = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) {
    ops_global_average_pool_input_gradient_i16(s.at<int16_t>(g), s.at<int16_t>(y), pixels, channels);
  }};
}

Step max_pool_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.input(1).shape);
  const TensorId x = b.node.inputs[0], g = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_max_pool_input_gradient_i16(s.at<int8_t>(x), s.at<int16_t>(g), s.at<int32_t>(y), &window);
  }};
}

Step mul_input_gradient(const Binding& b) {
  b.need(1, DataType::int8);
  const std::int32_t zero = zero_of(b.input(1)), count = b.count(), other_count = repeated(b, 1);
  const TensorId g = b.node.inputs[0], other = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_mul_input_gradient_i16(s.at<int16_t>(g), s.at<int8_t>(other), zero, s.at<int32_t>(y), count,
                               other_count);
  }};
}

Step mul_channel_gradient(const Binding& b) {
  b.need(1, DataType::int8);
  const std::int32_t zero = zero_of(b.input(1)), pixels = b.pixels(), channels = b.count(), down = down_of(b);
  const TensorId g = b.node.inputs[0], other = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_mul_channel_gradient_i16(s.at<int16_t>(g), s.at<int8_t>(other), zero, s.at<int32_t>(y), pixels,
                                 channels, down);
  }};
}

Step lookup_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(2, DataType::int16);
  const std::int32_t count = b.count();
  const TensorId x = b.node.inputs[0], g = b.node.inputs[1], slopes = b.node.inputs[2], y = b.node.output;
  return {[=](Workspace& s) {
    ops_lookup_gradient_i16(s.at<int8_t>(x), s.at<int16_t>(g), s.at<int16_t>(slopes), s.at<int32_t>(y),
                            count);
  }};
}

constexpr KernelEntry table[] = {
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
  for (const KernelEntry& entry : table) {
    if (std::string_view(node.op->name) == entry.op) return &entry;
  }
  return nullptr;
}

}  // namespace frugal::quant
