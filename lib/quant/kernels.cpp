#include "quant/kernels.h"

#include <algorithm>

#include "ir/integer_scale.h"
#include "ops/arguments.h"
#include "quant/binding.h"

namespace frugal::quant {
namespace {

using ir::DataType;
using ir::TensorId;

using IntegerLayer = void (*)(const int8_t*, const int8_t*, const int32_t*, int8_t*, uint8_t*, void*,
                              const ops_window*, const ops_requantize*);

// What layers with a weight share: the window, the scales and the tensors, in the order of the kernels.
struct IntegerLayerParts {
  ops_window window;
  Scales to;
};

IntegerLayerParts integer_layer(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(1, DataType::int8);
  const std::size_t bias = ir::is(b.node, "conv_of_parts") ? 3 : 2;
  if (b.has_input(bias)) b.need(bias, DataType::int32);
  if (!b.input(1).quantization) b.fail("needs a quantised weight");
  const std::int64_t channels = b.input(1).shape[0];
  const auto weight = b.model.values<std::int8_t>(b.node.inputs[1]);
  if (ir::largest_sum(weight, channels, ir::zero_point_of(b.input(0))) > INT32_MAX)
    b.fail("has weights so many and large that their sum may not fit 32 bits");
  return {ops::window_of(b.node, b.input(0).shape, b.output().shape),
          shared(b, ops::requantize_of(b.node, b.input(0), &b.input(1), b.output(), channels))};
}

Step conv(const Binding& b) {
  const auto [window, to] = integer_layer(b);
  return FRUGAL_CALL(ops_conv_i8, b.x(0), b.x(1), b.x(2), b.y(), b.mask(), Scratch{}, window, to)
      .with_scratch(ops_conv_i8_scratch(&window), [window = window](std::int32_t target) {
        return ops_conv_i8_scratch_for(target, &window);
      });
}
Step conv_of_parts(const Binding& b) {
  const auto [window, to] = integer_layer(b);
  b.need(2, DataType::int8);
  const Table<std::int32_t> channels = channels_of(b.node);
  const auto count = static_cast<std::int32_t>(channels.values().size());
  return FRUGAL_CALL(ops_conv_i8_of_parts, b.x(0), b.x(1), b.x(2), b.x(3), b.y(), b.mask(), channels, count,
                     Scratch{}, window, to)
      .with_scratch(ops_conv_i8_of_parts_scratch(&window), [window = window](std::int32_t target) {
        return ops_conv_i8_of_parts_scratch_for(target, &window);
      });
}
Step depthwise_conv(const Binding& b) {
  const auto [window, to] = integer_layer(b);
  return FRUGAL_CALL(ops_depthwise_conv_i8, b.x(0), b.x(1), b.x(2), b.y(), b.mask(), Scratch{}, window, to)
      .with_scratch(ops_depthwise_conv_i8_scratch(&window), [window = window](std::int32_t target) {
        return ops_depthwise_conv_i8_scratch_for(target, &window);
      });
}

Step fully_connected(const Binding& b) {
  if (b.input(0).type == DataType::int8) return conv(b);
  b.need(1, DataType::float32);
  const auto in = static_cast<std::int32_t>(b.input(1).shape[1]),
             out = static_cast<std::int32_t>(b.input(1).shape[0]);
  return FRUGAL_CALL(ops_fully_connected_f32, b.x(0), b.x(1), b.x(2), b.y(), in, out);
}

Step add(const Binding& b) {
  if (b.input(0).type == DataType::float32) {
    b.need(1, DataType::float32);
    if (b.input(0).shape != b.input(1).shape)
      b.fail("add has a kernel in float for two inputs of one shape alone");
    return FRUGAL_CALL(ops_add_f32, b.x(0), b.x(1), b.y(), b.count());
  }
  b.need(0, DataType::int8);
  b.need(1, DataType::int8);
  const ops_add how = ops::add_of(b.node, b.input(0), b.input(1), b.output());
  return FRUGAL_CALL(ops_add_i8, b.x(0), b.x(1), b.y(), b.mask(), b.count(), repeated(b, 1), how);
}

Step average_pool(const Binding& b) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.output().shape);
  const Scales to = shared(b, ops::requantize_of(b.node, b.input(0), nullptr, b.output(), 1));
  if (to->how.rounding != OPS_FLOAT32_HALF_EVEN && *b.input(0).quantization != *b.output().quantization)
    b.fail("averages in whole numbers, which needs one scale for what it takes and gives");
  return FRUGAL_CALL(ops_average_pool_i8, b.x(0), b.y(), window, to);
}

Step global_average_pool(const Binding& b) {
  const auto channels = static_cast<std::int32_t>(b.output().shape[1]);
  const std::int32_t pixels = static_cast<std::int32_t>(ir::elements(b.input(0).shape)) / channels;
  if (b.input(0).type != DataType::int8)
    return FRUGAL_CALL(ops_global_average_pool_f32, b.x(0), b.y(), pixels, channels);
  if (ops::rounding_of(b.node) == OPS_FLOAT32_HALF_EVEN) return average_pool(b);
  if (std::int64_t{pixels} * 255 > INT32_MAX)
    b.fail("averages so many pixels that their sum may not fit 32 bits");
  const Scales to = shared(b, ops::mean_of(b.node, b.input(0), b.output(), pixels));
  return FRUGAL_CALL(ops_mean_i8, b.x(0), b.y(), pixels, channels, to);
}

Step max_pool(const Binding& b) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.output().shape);
  if (*b.input(0).quantization != *b.output().quantization)
    b.fail("max_pool needs one scale for what it takes and gives");
  const auto& clamp = ir::call_of(b.model.graph, b.node).integers("clamp");
  const auto low = static_cast<std::int32_t>(clamp[0]), high = static_cast<std::int32_t>(clamp[1]);
  return FRUGAL_CALL(ops_max_pool_i8, b.x(0), b.y(), window, low, high);
}

Step requantize(const Binding& b) {
  b.need(0, DataType::int8);
  const Scales to = shared(b, ops::requantize_of(b.node, b.input(0), nullptr, b.output(), 1));
  return FRUGAL_CALL(ops_requantize_i8, b.x(0), b.y(), b.mask(), b.count(), to);
}

Step softmax(const Binding& b) {
  b.need(0, DataType::int8);
  if (ops::rounding_of(b.node) != OPS_TFLITE || ir::zero_point_of(b.output()) != -128)
    b.fail("softmax on i8 has the kernel of TensorFlow Lite alone: its rounding, zero point -128");
  // Differences in units of 2^-26: a fixed-point number with 5 whole bits.
  const ir::FixedPoint scale = ir::fixed_point(std::min(ir::scale_of(b.input(0)) * (1 << 26), 2147483647.0));
  const double farthest = 31.0 * (1 << 26) / static_cast<double>(std::int64_t{1} << scale.shift);
  const auto least = -static_cast<std::int32_t>(farthest);
  const auto columns = static_cast<std::int32_t>(b.output().shape.back());
  return FRUGAL_CALL(ops_softmax_i8, b.x(0), b.y(), b.count() / columns, columns, scale.multiplier,
                     scale.shift, least);
}

// Channels first: a token's vector then lies in one piece.
Step embedding(const Binding& b) {
  b.need(0, DataType::int32);
  b.need(1, DataType::int8);
  if (b.output().shape.size() != 3 || b.output().shape[1] != b.input(1).shape[1])
    b.fail("embedding has a kernel for channels first alone");
  if (!b.input(1).quantization || !b.output().quantization ||
      ir::scale_of(b.input(1)) != ir::scale_of(b.output()) ||
      ir::zero_point_of(b.input(1)) != ir::zero_point_of(b.output()))
    b.fail("embedding needs one scale for its table and what it gives");
  const auto rows = static_cast<std::int32_t>(b.input(1).shape[0]),
             features = static_cast<std::int32_t>(b.input(1).shape[1]);
  return FRUGAL_CALL(ops_embedding_i8, b.x(0), b.x(1), b.y(), b.count() / features, rows, features);
}

Step dequantize(const Binding& b) {
  b.need(0, DataType::int8);
  const auto scale = static_cast<float>(ir::scale_of(b.input(0)));
  const auto zero = static_cast<std::int32_t>(ir::zero_point_of(b.input(0)));
  return FRUGAL_CALL(ops_dequantize, b.x(0), b.y(), b.count(), scale, zero);
}

Step quantize(const Binding& b) {
  b.need(0, DataType::float32);
  const auto scale = static_cast<float>(ir::scale_of(b.output()));
  const auto zero = static_cast<std::int32_t>(ir::zero_point_of(b.output()));
  const std::string& name = ir::call_of(b.model.graph, b.node).text("rounding");
  const std::int32_t rounding = name.empty() ? OPS_FLOAT32_HALF_EVEN : ops::rounding_of(b.node);
  return FRUGAL_CALL(ops_quantize, b.x(0), b.y(), b.count(), scale, zero, rounding);
}

// The same values in another shape; they move only where channels last is another order.
Step reshape(const Binding& b) {
  const auto layouts = ops::layouts_of(b.model.graph);
  const auto place = [&](TensorId id) {
    return ops::places(b.model.graph.tensor(id).shape, layouts[static_cast<std::size_t>(id)]);
  };
  const auto from = place(b.node.inputs[0]), to = place(b.node.output);
  const std::size_t size = size_of(b.output().type);
  if (from == to) {
    const std::size_t bytes = from.size() * size;
    return FRUGAL_CALL(ops_copy_rows, b.x(0), bytes, b.y(), bytes, bytes, 1);
  }
  std::vector<std::int32_t> order(to.size());
  for (std::size_t i = 0; i < to.size(); ++i) order[to[i]] = static_cast<std::int32_t>(from[i]);
  return FRUGAL_CALL(ops_reorder, b.x(0), b.y(), b.count(), size, Table(order));
}

Step cross_entropy(const Binding& b) {
  const auto classes = static_cast<std::int32_t>(b.input(0).shape[1]);
  return FRUGAL_CALL(ops_cross_entropy, b.x(0), b.x(1), b.y(), classes);
}

Step cross_entropy_gradient(const Binding& b) {
  const auto classes = static_cast<std::int32_t>(b.input(0).shape[1]);
  return FRUGAL_CALL(ops_cross_entropy_gradient, b.x(0), b.x(1), b.y(), classes);
}

ops_reconstruction reconstruction(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(1, DataType::int8);
  const ir::Tensor &y = b.input(0), &x = b.input(1);
  ops_reconstruction how = {};
  how.count = static_cast<std::int32_t>(ir::elements(y.shape));
  how.scale = static_cast<float>(ir::scale_of(y));
  how.target_scale = static_cast<float>(ir::scale_of(x));
  how.zero = static_cast<std::int32_t>(ir::zero_point_of(y));
  how.target_zero = static_cast<std::int32_t>(ir::zero_point_of(x));
  how.step = static_cast<float>(2 * ir::scale_of(y) / static_cast<double>(how.count));
  return how;
}

Step mean_squared_error(const Binding& b) {
  return FRUGAL_CALL(ops_mean_squared_error, b.x(0), b.x(1), b.y(), reconstruction(b));
}

Step mean_squared_error_gradient(const Binding& b) {
  return FRUGAL_CALL(ops_mean_squared_error_gradient, b.x(0), b.x(1), b.y(), reconstruction(b));
}

Step rescale_gradient(const Binding& b) {
  const auto factors = static_cast<std::int32_t>(b.input(1).shape[0]);
  return FRUGAL_CALL(ops_rescale_gradient, b.x(0), b.x(1), factors, b.x(2), b.y(), b.count());
}

Step channel_sum(const Binding& b) {
  const std::int32_t channels = b.count();
  const std::int32_t pixels = static_cast<std::int32_t>(ir::elements(b.input(0).shape)) / channels;
  return FRUGAL_CALL(ops_channel_sum, b.x(0), b.y(), pixels, channels);
}

ops_window window_of_input_gradient(const Binding& b) {
  b.need(1, DataType::int8);
  return ops::window_of(b.node, b.output().shape, b.input(0).shape);
}
Step conv_input_gradient(const Binding& b) {
  return FRUGAL_CALL(ops_conv_input_gradient, b.x(0), b.x(1), b.y(), window_of_input_gradient(b));
}
Step depthwise_input_gradient(const Binding& b) {
  return FRUGAL_CALL(ops_depthwise_input_gradient, b.x(0), b.x(1), b.y(), window_of_input_gradient(b));
}

Step conv_input_gradient_of_parts(const Binding& b) {
  b.need(2, DataType::int8);
  const ops_window window = window_of_input_gradient(b);
  const Table<std::int32_t> channels = channels_of(b.node);
  const auto count = static_cast<std::int32_t>(channels.values().size());
  const std::size_t scratch = ops_conv_input_gradient_of_parts_scratch(&window);
  return FRUGAL_CALL(ops_conv_input_gradient_of_parts, b.x(0), b.x(1), b.x(2), b.y(), channels, count,
                     Scratch{}, window)
      .with_scratch(scratch, [scratch](std::int32_t) { return scratch; });
}

Step depthwise_input_gradient_in_place(const Binding& b) {
  const ops_window window = window_of_input_gradient(b);
  const std::size_t scratch = ops_depthwise_input_gradient_in_place_scratch(&window);
  return FRUGAL_CALL(ops_depthwise_input_gradient_in_place, b.x(0), b.x(1), b.y(), Scratch{}, window)
      .with_scratch(scratch, [scratch](std::int32_t) { return scratch; });
}

Step fully_connected_input_gradient(const Binding& b) {
  if (b.input(1).type == DataType::int8) return conv_input_gradient(b);
  const auto out = static_cast<std::int32_t>(b.input(1).shape[0]),
             in = static_cast<std::int32_t>(b.input(1).shape[1]);
  return FRUGAL_CALL(ops_fully_connected_input_gradient, b.x(0), b.x(1), b.y(), in, out);
}

struct WeightGradientParts {
  ops_window window;
  std::int32_t zero;
  Table<std::int32_t> channels;
};

WeightGradientParts weight_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  return {ops::window_of(b.node, b.input(0).shape, b.input(1).shape),
          static_cast<std::int32_t>(ir::zero_point_of(b.input(0))), channels_of(b.node)};
}
Step conv_weight_gradient(const Binding& b) {
  const auto [window, zero, channels] = weight_gradient(b);
  const auto trained = static_cast<std::int32_t>(b.output().shape[1]);
  return FRUGAL_CALL(ops_conv_weight_gradient, b.x(0), zero, b.x(1), b.y(), channels, trained, window);
}
Step depthwise_weight_gradient(const Binding& b) {
  const auto [window, zero, channels] = weight_gradient(b);
  const auto trained = static_cast<std::int32_t>(b.output().shape[0]);
  return FRUGAL_CALL(ops_depthwise_weight_gradient, b.x(0), zero, b.x(1), b.y(), channels, trained, window);
}
Step fully_connected_weight_gradient(const Binding& b) {
  if (b.input(0).type == DataType::int8) return conv_weight_gradient(b);
  const auto out = static_cast<std::int32_t>(b.output().shape[0]),
             in = static_cast<std::int32_t>(b.output().shape[1]);
  if (!channels_of(b.node).values().empty()) b.fail("trains all weights of a layer in float");
  return FRUGAL_CALL(ops_fully_connected_weight_gradient, b.x(0), b.x(1), b.y(), in, out);
}

Step pool_gradient(const Binding& b) {
  const ops_window window = ops::window_of(b.node, b.output().shape, b.input(0).shape);
  return FRUGAL_CALL(ops_average_pool_input_gradient, b.x(0), b.y(), window);
}

Step max_pool_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.input(1).shape);
  return FRUGAL_CALL(ops_max_pool_input_gradient, b.x(0), b.x(1), b.y(), window);
}

constexpr KernelEntry kernel_table[] = {
    {"conv", conv},
    {"conv_of_parts", conv_of_parts},
    {"depthwise_conv", depthwise_conv},
    {"fully_connected", fully_connected},
    {"add", add},
    {"average_pool", average_pool},
    {"global_average_pool", global_average_pool},
    {"max_pool", max_pool},
    {"requantize", requantize},
    {"softmax", softmax},
    {"embedding", embedding},
    {"dequantize", dequantize},
    {"quantize", quantize},
    {"reshape", reshape},
    {"flatten", reshape},
    {"identity", reshape},
    {"cross_entropy", cross_entropy},
    {"cross_entropy_gradient", cross_entropy_gradient},
    {"mean_squared_error", mean_squared_error},
    {"mean_squared_error_gradient", mean_squared_error_gradient},
    {"rescale_gradient", rescale_gradient},
    {"channel_sum", channel_sum},
    {"conv_input_gradient", conv_input_gradient},
    {"conv_input_gradient_of_parts", conv_input_gradient_of_parts},
    {"depthwise_input_gradient", depthwise_input_gradient},
    {"depthwise_input_gradient_in_place", depthwise_input_gradient_in_place},
    {"fully_connected_input_gradient", fully_connected_input_gradient},
    {"conv_weight_gradient", conv_weight_gradient},
    {"depthwise_weight_gradient", depthwise_weight_gradient},
    {"fully_connected_weight_gradient", fully_connected_weight_gradient},
    {"average_pool_input_gradient", pool_gradient},
    {"global_average_pool_input_gradient", pool_gradient},
    {"max_pool_input_gradient", max_pool_gradient},
};

}  // namespace

std::size_t size_of(DataType type) { return type == DataType::int8 ? 1 : type == DataType::int16 ? 2 : 4; }

Step bind(const ir::Model& model, const ir::Node& node, const std::string& origin) {
  const Binding binding{model, node, origin};
  if (const KernelEntry* entry = integer_kernel(model, node)) return entry->bind(binding);
  std::string known;
  for (const std::span<const KernelEntry> entries :
       {std::span<const KernelEntry>(kernel_table), product_kernels(), update_kernels()}) {
    for (const KernelEntry& entry : entries) {
      if (entry.op == std::string(node.op->name)) return entry.bind(binding);
      if (std::string(entry.op).find("gradient") == std::string::npos)
        known += (known.empty() ? "" : ", ") + std::string(entry.op);
    }
  }
  binding.fail(std::string(node.op->name) + " has no kernel on integers", "these have: " + known);
}

void check_trained_sums(const autodiff::TrainingGraph& training, const std::string& origin) {
  const ir::Graph& graph = training.model.graph;
  for (const autodiff::Gradient& gradient : training.gradients) {
    const ir::Tensor& weight = graph.tensor(gradient.parameter);
    if (weight.type != DataType::int8) continue;
    if (ir::elements(weight.shape) / weight.shape[0] * 127 * 255 <= INT32_MAX) continue;
    throw base::UserError(
        origin + ": " + graph.name_of(graph.nodes[static_cast<std::size_t>(gradient.node)]),
        "has so many weights an output that their sum may not fit 32 bits once they are trained");
  }
}

}  // namespace frugal::quant
