#include "quant/kernels.h"

#include <cstring>
#include <memory>

#include "ir/integer_scale.h"
#include "ops/arguments.h"
#include "quant/binding.h"

namespace frugal::quant {
namespace {

using ir::DataType;
using ir::TensorId;

using IntegerLayer = void (*)(const int8_t*, const int8_t*, const int32_t*, int8_t*, uint8_t*, void*,
                              const ops_window*, const ops_requantize*);

Step integer_layer(const Binding& b, IntegerLayer kernel, std::size_t (*scratch)(const ops_window*)) {
  b.need(1, DataType::int8);
  if (b.has_input(2)) b.need(2, DataType::int32);
  if (!b.input(1).quantization) b.fail("needs a quantised weight");
  const std::int64_t channels = b.input(1).shape[0];
  const auto weight = b.model.values<std::int8_t>(b.node.inputs[1]);
  if (ir::largest_sum(weight, channels, ir::zero_point_of(b.input(0))) > INT32_MAX)
    b.fail("has weights so many and large that their sum may not fit 32 bits");
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.output().shape);
  const auto to = shared(b, ops::requantize_of(b.node, b.input(0), &b.input(1), b.output(), channels));
  const TensorId x = b.node.inputs[0], w = b.node.inputs[1], bias = b.input_or_none(2), y = b.node.output,
                 mask = b.node.mask;
  return {[=](Workspace& space) {
            kernel(space.at<int8_t>(x), space.at<int8_t>(w), at<int32_t>(space, bias), space.at<int8_t>(y),
                   at<uint8_t>(space, mask), space.scratch(), &window, to.get());
          },
          scratch(&window)};
}

Step conv(const Binding& b) {
  b.need(0, DataType::int8);
  return integer_layer(b, ops_conv_i8, ops_conv_i8_scratch);
}
Step depthwise_conv(const Binding& b) {
  b.need(0, DataType::int8);
  return integer_layer(b, ops_depthwise_conv_i8, ops_depthwise_conv_i8_scratch);
}

Step fully_connected(const Binding& b) {
  if (b.input(0).type == DataType::int8) return integer_layer(b, ops_conv_i8, ops_conv_i8_scratch);
  b.need(1, DataType::float32);
  const auto in = static_cast<std::int32_t>(b.input(1).shape[1]),
             out = static_cast<std::int32_t>(b.input(1).shape[0]);
  const TensorId x = b.node.inputs[0], w = b.node.inputs[1], bias = b.input_or_none(2), y = b.node.output;
  return {[=](Workspace& s) {
    ops_fully_connected_f32(s.at<float>(x), s.at<float>(w), at<float>(s, bias), s.at<float>(y), in, out);
  }};
}

Step add(const Binding& b) {
  const TensorId p = b.node.inputs[0], q = b.node.inputs[1], y = b.node.output, mask = b.node.mask;
  const std::int32_t count = b.count();
  if (b.input(0).type == DataType::float32) {
    b.need(1, DataType::float32);
    if (b.input(0).shape != b.input(1).shape)
      b.fail("add has a kernel in float for two inputs of one shape alone");
    return {[=](Workspace& s) { ops_add_f32(s.at<float>(p), s.at<float>(q), s.at<float>(y), count); }};
  }
  b.need(0, DataType::int8);
  b.need(1, DataType::int8);
  const std::int32_t q_count = repeated(b, 1);
  const ops_add how = ops::add_of(b.node, b.input(0), b.input(1), b.output());
  return {[=](Workspace& s) {
    ops_add_i8(s.at<int8_t>(p), s.at<int8_t>(q), s.at<int8_t>(y), at<uint8_t>(s, mask), count, q_count, &how);
  }};
}

Step average_pool(const Binding& b) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.output().shape);
  const auto to = shared(b, ops::requantize_of(b.node, b.input(0), nullptr, b.output(), 1));
  if (to->rounding != OPS_FLOAT32_HALF_EVEN && *b.input(0).quantization != *b.output().quantization)
    b.fail("averages in whole numbers, which needs one scale for what it takes and gives");
  const TensorId x = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) { ops_average_pool_i8(s.at<int8_t>(x), s.at<int8_t>(y), &window, to.get()); }};
}

Step global_average_pool(const Binding& b) {
  const auto channels = static_cast<std::int32_t>(b.output().shape[1]);
  const std::int32_t pixels = static_cast<std::int32_t>(ir::elements(b.input(0).shape)) / channels;
  const TensorId x = b.node.inputs[0], y = b.node.output;
  if (b.input(0).type == DataType::int8) {
    if (ops::rounding_of(b.node) == OPS_FLOAT32_HALF_EVEN) return average_pool(b);
    if (std::int64_t{pixels} * 255 > INT32_MAX)
      b.fail("averages so many pixels that their sum may not fit 32 bits");
    const auto to = shared(b, ops::mean_of(b.node, b.input(0), b.output(), pixels));
    return {[=](Workspace& s) { ops_mean_i8(s.at<int8_t>(x), s.at<int8_t>(y), pixels, channels, to.get()); }};
  }
  return {
      [=](Workspace& s) { ops_global_average_pool_f32(s.at<float>(x), s.at<float>(y), pixels, channels); }};
}

Step max_pool(const Binding& b) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.output().shape);
  if (*b.input(0).quantization != *b.output().quantization)
    b.fail("max_pool needs one scale for what it takes and gives");
  const auto& clamp = ir::call_of(b.model.graph, b.node).integers("clamp");
  const auto low = static_cast<std::int32_t>(clamp[0]), high = static_cast<std::int32_t>(clamp[1]);
  const TensorId x = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) { ops_max_pool_i8(s.at<int8_t>(x), s.at<int8_t>(y), &window, low, high); }};
}

Step requantize(const Binding& b) {
  b.need(0, DataType::int8);
  const auto to = shared(b, ops::requantize_of(b.node, b.input(0), nullptr, b.output(), 1));
  const TensorId x = b.node.inputs[0], y = b.node.output, mask = b.node.mask;
  const std::int32_t count = b.count();
  return {[=](Workspace& s) {
    ops_requantize_i8(s.at<int8_t>(x), s.at<int8_t>(y), at<uint8_t>(s, mask), count, to.get());
  }};
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
  const std::int32_t rows = b.count() / columns;
  const TensorId x = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) {
    ops_softmax_i8(s.at<int8_t>(x), s.at<int8_t>(y), rows, columns, scale.multiplier, scale.shift, least);
  }};
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
  const std::int32_t count = b.count() / features;
  const TensorId x = b.node.inputs[0], table = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_embedding_i8(s.at<int32_t>(x), s.at<int8_t>(table), s.at<int8_t>(y), count, rows, features);
  }};
}

Step dequantize(const Binding& b) {
  b.need(0, DataType::int8);
  const auto scale = static_cast<float>(ir::scale_of(b.input(0)));
  const auto zero = static_cast<std::int32_t>(ir::zero_point_of(b.input(0)));
  const TensorId x = b.node.inputs[0], y = b.node.output;
  const std::int32_t count = b.count();
  return {[=](Workspace& s) { ops_dequantize(s.at<int8_t>(x), s.at<float>(y), count, scale, zero); }};
}

Step quantize(const Binding& b) {
  b.need(0, DataType::float32);
  const auto scale = static_cast<float>(ir::scale_of(b.output()));
  const auto zero = static_cast<std::int32_t>(ir::zero_point_of(b.output()));
  const TensorId x = b.node.inputs[0], y = b.node.output;
  const std::int32_t count = b.count();
  const std::string& name = ir::call_of(b.model.graph, b.node).text("rounding");
  const std::int32_t rounding = name.empty() ? OPS_FLOAT32_HALF_EVEN : ops::rounding_of(b.node);
  return {[=](Workspace& s) { ops_quantize(s.at<float>(x), s.at<int8_t>(y), count, scale, zero, rounding); }};
}

// The same values in another shape; they move only where channels last is another order.
Step reshape(const Binding& b) {
  const auto layouts = ops::layouts_of(b.model.graph);
  const auto place = [&](TensorId id) {
    return ops::places(b.model.graph.tensor(id).shape, layouts[static_cast<std::size_t>(id)]);
  };
  const TensorId x = b.node.inputs[0], y = b.node.output;
  const std::size_t size = size_of(b.output().type);
  auto from = place(x), to = place(y);
  if (from == to) {
    const std::size_t bytes = from.size() * size;
    return {[=](Workspace& s) { std::memcpy(s.at<std::byte>(y), s.at<std::byte>(x), bytes); }};
  }
  return {[=, from = std::move(from), to = std::move(to)](Workspace& s) {
    for (std::size_t i = 0; i < to.size(); ++i)
      std::memcpy(s.at<std::byte>(y) + to[i] * size, s.at<std::byte>(x) + from[i] * size, size);
  }};
}

Step cross_entropy(const Binding& b) {
  const auto classes = static_cast<std::int32_t>(b.input(0).shape[1]);
  const TensorId logits = b.node.inputs[0], label = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    *s.at<float>(y) = ops_cross_entropy(s.at<float>(logits), *s.at<int32_t>(label), classes);
  }};
}

Step cross_entropy_gradient(const Binding& b) {
  const auto classes = static_cast<std::int32_t>(b.input(0).shape[1]);
  const TensorId logits = b.node.inputs[0], label = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_cross_entropy_gradient(s.at<float>(logits), *s.at<int32_t>(label), s.at<float>(y), classes);
  }};
}

Step rescale_gradient(const Binding& b) {
  const TensorId g = b.node.inputs[0], factor = b.node.inputs[1], mask = b.input_or_none(2),
                 y = b.node.output;
  const auto factors = static_cast<std::int32_t>(b.input(1).shape[0]);
  const std::int32_t count = b.count();
  return {[=](Workspace& s) {
    ops_rescale_gradient(s.at<float>(g), s.at<float>(factor), factors, at<uint8_t>(s, mask), s.at<float>(y),
                         count);
  }};
}

Step channel_sum(const Binding& b) {
  const std::int32_t channels = b.count();
  const std::int32_t pixels = static_cast<std::int32_t>(ir::elements(b.input(0).shape)) / channels;
  const TensorId g = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) { ops_channel_sum(s.at<float>(g), s.at<float>(y), pixels, channels); }};
}

using InputGradient = void (*)(const float*, const int8_t*, float*, const ops_window*);

Step input_gradient(const Binding& b, InputGradient kernel) {
  b.need(1, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.output().shape, b.input(0).shape);
  const TensorId g = b.node.inputs[0], w = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) { kernel(s.at<float>(g), s.at<int8_t>(w), s.at<float>(y), &window); }};
}
Step conv_input_gradient(const Binding& b) { return input_gradient(b, ops_conv_input_gradient); }
Step depthwise_input_gradient(const Binding& b) { return input_gradient(b, ops_depthwise_input_gradient); }

Step fully_connected_input_gradient(const Binding& b) {
  if (b.input(1).type == DataType::int8) return input_gradient(b, ops_conv_input_gradient);
  const auto out = static_cast<std::int32_t>(b.input(1).shape[0]),
             in = static_cast<std::int32_t>(b.input(1).shape[1]);
  const TensorId g = b.node.inputs[0], w = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_fully_connected_input_gradient(s.at<float>(g), s.at<float>(w), s.at<float>(y), in, out);
  }};
}

using WeightGradient = void (*)(const int8_t*, int32_t, const float*, float*, const int32_t*, int32_t,
                                const ops_window*);

Step weight_gradient(const Binding& b, WeightGradient kernel, std::int64_t trained) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.input(1).shape);
  const auto zero = static_cast<std::int32_t>(ir::zero_point_of(b.input(0)));
  const auto channels = channels_of(b.node);
  const TensorId x = b.node.inputs[0], g = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    kernel(s.at<int8_t>(x), zero, s.at<float>(g), s.at<float>(y),
           channels->empty() ? nullptr : channels->data(), static_cast<std::int32_t>(trained), &window);
  }};
}
Step conv_weight_gradient(const Binding& b) {
  return weight_gradient(b, ops_conv_weight_gradient, b.output().shape[1]);
}
Step depthwise_weight_gradient(const Binding& b) {
  return weight_gradient(b, ops_depthwise_weight_gradient, b.output().shape[0]);
}
Step fully_connected_weight_gradient(const Binding& b) {
  if (b.input(0).type == DataType::int8)
    return weight_gradient(b, ops_conv_weight_gradient, b.output().shape[1]);
  const auto out = static_cast<std::int32_t>(b.output().shape[0]),
             in = static_cast<std::int32_t>(b.output().shape[1]);
  if (!channels_of(b.node)->empty()) b.fail("trains all weights of a layer in float");
  const TensorId x = b.node.inputs[0], g = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_fully_connected_weight_gradient(s.at<float>(x), s.at<float>(g), s.at<float>(y), in, out);
  }};
}

Step pool_gradient(const Binding& b) {
  const ops_window window = ops::window_of(b.node, b.output().shape, b.input(0).shape);
  const TensorId g = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) { ops_average_pool_input_gradient(s.at<float>(g), s.at<float>(y), &window); }};
}

Step max_pool_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  const ops_window window = ops::window_of(b.node, b.input(0).shape, b.input(1).shape);
  const TensorId x = b.node.inputs[0], g = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_max_pool_input_gradient(s.at<int8_t>(x), s.at<float>(g), s.at<float>(y), &window);
  }};
}

constexpr KernelEntry table[] = {
    {"conv", conv},
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
    {"rescale_gradient", rescale_gradient},
    {"channel_sum", channel_sum},
    {"conv_input_gradient", conv_input_gradient},
    {"depthwise_input_gradient", depthwise_input_gradient},
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
       {std::span<const KernelEntry>(table), product_kernels()}) {
    for (const KernelEntry& entry : entries) {
      if (entry.op == std::string(node.op->name)) return entry.bind(binding);
      if (std::string(entry.op).find("gradient") == std::string::npos)
        known += (known.empty() ? "" : ", ") + std::string(entry.op);
    }
  }
  binding.fail(std::string(node.op->name) + " has no kernel on integers", "these have: " + known);
}

}  // namespace frugal::quant
