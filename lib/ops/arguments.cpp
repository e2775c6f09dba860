#include "ops/arguments.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "ir/integer_scale.h"
#include "ir/operator.h"

namespace frugal::ops {
namespace {

using List = std::vector<std::int64_t>;

const ir::AttributeValue* find(const ir::Node& node, const char* name) {
  for (const auto& [key, value] : node.attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

const List* list_of(const ir::Node& node, const char* name) {
  const ir::AttributeValue* value = find(node, name);
  return value == nullptr ? nullptr : &std::get<List>(*value);
}

std::int32_t narrow(std::int64_t value) { return static_cast<std::int32_t>(value); }

struct Extent {
  std::int32_t channels, height, width;
};
Extent extent_of(const ir::Dims& shape) {
  switch (shape.size()) {
    case 4:
      return {narrow(shape[1]), narrow(shape[2]), narrow(shape[3])};
    case 3:
      return {narrow(shape[1]), 1, narrow(shape[2])};
    default:
      return {narrow(shape.back()), 1, 1};
  }
}

}  // namespace

ops_window window_of(const ir::Node& node, const ir::Dims& taken, const ir::Dims& given) {
  const Extent in = extent_of(taken), out = extent_of(given);
  ops_window w{in.height, in.width, in.channels, out.height, out.width, out.channels, 1, 1, 1, 1,
               0,         0,        1,           1,          1};
  if (const ir::AttributeValue* groups = find(node, "groups"))
    w.groups = narrow(std::get<std::int64_t>(*groups));
  const List* kernel = list_of(node, "kernel");
  if (kernel == nullptr) {
    if (std::string(node.op->name).find("pool") != std::string::npos) {
      w.kernel_height = in.height;
      w.kernel_width = in.width;
    }
    return w;
  }
  const List &stride = *list_of(node, "stride"), &padding = *list_of(node, "padding"),
             &dilation = *list_of(node, "dilation");
  const std::size_t last = kernel->size() - 1;
  w.kernel_width = narrow((*kernel)[last]);
  w.stride_width = narrow(stride[last]);
  w.pad_left = narrow(padding[last]);
  w.dilation_width = narrow(dilation[last]);
  if (last > 0) {
    w.kernel_height = narrow((*kernel)[0]);
    w.stride_height = narrow(stride[0]);
    w.pad_top = narrow(padding[0]);
    w.dilation_height = narrow(dilation[0]);
  }
  return w;
}

int rounding_of(const ir::Node& node) {
  const std::string& name = std::get<std::string>(*find(node, "rounding"));
  const auto& names = ir::rounding_names();
  const auto found = std::find(names.begin(), names.end(), name);
  FRUGAL_ASSERT(found != names.end(), "a rounding that ir/verify.h lets through");
  return static_cast<int>(found - names.begin());
}

const ops_requantize* Requantize::pointer() {
  how.scale = scale.data();
  how.multiplier = multiplier.data();
  how.shift = shift.data();
  return &how;
}

Requantize requantize_of(const ir::Node& node, const ir::Tensor& x, const ir::Tensor* weight,
                         const ir::Tensor& y, std::int64_t channels) {
  Requantize to;
  const List& clamp = *list_of(node, "clamp");
  to.how.rounding = rounding_of(node);
  to.how.in_zero = narrow(ir::zero_point_of(x));
  to.how.out_zero = narrow(ir::zero_point_of(y));
  to.how.low = narrow(clamp[0]);
  to.how.high = narrow(clamp[1]);
  std::vector<double> scales = weight == nullptr ? std::vector<double>{ir::scale_of(x) / ir::scale_of(y)}
                                                 : ir::output_scales(x, *weight, y);
  // A fully connected layer of TensorFlow Lite multiplies the two scales in float, and rounds once.
  if (to.how.rounding == OPS_TFLITE && weight != nullptr && ir::is(node, "fully_connected")) {
    to.how.rounding = OPS_INTEGER;
    for (std::size_t i = 0; i < scales.size(); ++i) {
      const float product =
          static_cast<float>(ir::scale_of(x)) * static_cast<float>(weight->quantization->scale[i]);
      scales[i] = double{product} / ir::scale_of(y);
    }
  }
  if (scales.size() == 1) scales.resize(static_cast<std::size_t>(channels), scales.front());
  for (const double scale : scales) {
    const ir::FixedPoint fixed = ir::fixed_point(scale);
    to.scale.push_back(static_cast<float>(scale));
    to.multiplier.push_back(fixed.multiplier);
    to.shift.push_back(fixed.shift);
  }
  return to;
}

Requantize mean_of(const ir::Node& node, const ir::Tensor& x, const ir::Tensor& y, std::int64_t pixels) {
  Requantize to = requantize_of(node, x, nullptr, y, 1);
  if (to.how.rounding == OPS_TFLITE) {
    // QuantizedMeanOrSum (tensorflow/lite/kernels/internal/reference/reduce.h): the multiplier is divided by
    // the pixels after it was shifted left by as many bits as they have.
    std::int32_t shift = std::min(32, 31 + to.shift[0]), bits = 0;
    while ((pixels >> (bits + 1)) > 0) ++bits;
    shift = std::min(shift, bits);
    to.multiplier[0] = narrow((std::int64_t{to.multiplier[0]} << shift) / pixels);
    to.shift[0] -= shift;
  } else {
    const ir::FixedPoint fixed =
        ir::fixed_point(ir::scale_of(x) / (ir::scale_of(y) * static_cast<double>(pixels)));
    to.multiplier[0] = fixed.multiplier;
    to.shift[0] = fixed.shift;
  }
  return to;
}

Requantize product_of(const ir::Node& node, const ir::Tensor& a, const ir::Tensor& b, const ir::Tensor& y) {
  Requantize to = requantize_of(node, a, nullptr, y, 1);
  const double scale = ir::scale_of(a) * ir::scale_of(b) / ir::scale_of(y);
  const ir::FixedPoint fixed = ir::fixed_point(scale);
  to.scale[0] = static_cast<float>(scale);
  to.multiplier[0] = fixed.multiplier;
  to.shift[0] = fixed.shift;
  return to;
}

ops_add add_of(const ir::Node& node, const ir::Tensor& a, const ir::Tensor& b, const ir::Tensor& y) {
  const List& clamp = *list_of(node, "clamp");
  const double a_scale = ir::scale_of(a), b_scale = ir::scale_of(b), y_scale = ir::scale_of(y);
  // Twice the larger one, so that each input's factor is at most 1/2 and their sum stays within int32.
  const double common = 2 * std::max(a_scale, b_scale);
  const ir::FixedPoint to_a = ir::fixed_point(a_scale / common), to_b = ir::fixed_point(b_scale / common),
                       to_y = ir::fixed_point(common / ((1 << 20) * y_scale));
  return {rounding_of(node),
          narrow(ir::zero_point_of(a)),
          narrow(ir::zero_point_of(b)),
          narrow(ir::zero_point_of(y)),
          narrow(clamp[0]),
          narrow(clamp[1]),
          static_cast<float>(a_scale / y_scale),
          static_cast<float>(b_scale / y_scale),
          to_a.multiplier,
          to_a.shift,
          to_b.multiplier,
          to_b.shift,
          to_y.multiplier,
          to_y.shift};
}

ops_update update_of(const ir::Dims& parameter, bool depthwise, std::size_t trained) {
  const bool bias = parameter.size() == 1;
  ops_update how{};
  how.outer = bias || depthwise ? 1 : narrow(parameter[0]);
  how.places = bias ? 1 : narrow(ir::elements(ir::Dims(parameter.begin() + 2, parameter.end())));
  how.inner = narrow(bias || depthwise ? parameter[0] : parameter[1]);
  how.channels_inside = bias || depthwise ? 1 : 0;
  how.numerator = 0;
  how.trained = trained == 0 ? how.inner : static_cast<std::int32_t>(trained);
  return how;
}

std::vector<Layout> layouts_of(const ir::Graph& graph) {
  std::vector<Layout> layouts(graph.tensors.size(), Layout::row_major);
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    const ir::Tensor& tensor = graph.tensors[i];
    const bool value = tensor.role == ir::Role::input || tensor.role == ir::Role::value;
    if (value && tensor.shape.size() >= 3) layouts[i] = Layout::channels_last;
  }
  const auto set = [&](ir::TensorId id, Layout layout) { layouts[static_cast<std::size_t>(id)] = layout; };
  for (const ir::Node& node : graph.nodes) {
    const std::string op = node.op->name;
    if (op == "conv" || op == "conv_input_gradient") set(node.inputs[1], Layout::convolution);
    if (op == "depthwise_conv" || op == "depthwise_input_gradient" ||
        op == "depthwise_input_gradient_in_place")
      set(node.inputs[1], Layout::depthwise);
    if (op == "conv_input_gradient_of_parts" || op == "conv_of_parts") {
      set(node.inputs[1], Layout::convolution);
      set(node.inputs[2], Layout::convolution);
    }
    if (op == "conv_weight_gradient") set(node.output, Layout::convolution);
    if (op == "depthwise_weight_gradient") set(node.output, Layout::depthwise);
    if (op == "narrow") set(node.output, layouts[static_cast<std::size_t>(node.inputs[0])]);
  }
  for (const ir::Node& node : graph.nodes) {  // as what reads the whole
    if (node.op->name != std::string("with_channels")) continue;
    for (const ir::TensorId id : node.inputs) set(id, layouts[static_cast<std::size_t>(node.output)]);
  }
  return layouts;
}

std::vector<std::size_t> places(const ir::Dims& shape, Layout layout) {
  const std::size_t rank = shape.size();
  // The axes in the order in which memory has them, the slowest first.
  std::vector<std::size_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  if (rank >= 3 && layout != Layout::row_major) {
    // Channels (of values and convolutions: axis 1; of depthwise ones: axis 0) move to the end.
    const std::size_t axis = layout == Layout::depthwise ? 0 : 1;
    std::rotate(order.begin() + static_cast<std::ptrdiff_t>(axis),
                order.begin() + static_cast<std::ptrdiff_t>(axis) + 1, order.end());
  }
  std::vector<std::size_t> stride(rank);
  std::size_t step = 1;
  for (std::size_t i = rank; i-- > 0;) {
    stride[order[i]] = step;
    step *= static_cast<std::size_t>(shape[order[i]]);
  }
  std::vector<std::size_t> result(step);
  std::vector<std::size_t> at(rank, 0);
  std::size_t place = 0;
  for (std::size_t i = 0; i < step; ++i) {
    result[i] = place;
    for (std::size_t axis = rank; axis-- > 0;) {
      place += stride[axis];
      if (++at[axis] < static_cast<std::size_t>(shape[axis])) break;
      place -= stride[axis] * at[axis];
      at[axis] = 0;
    }
  }
  return result;
}

}  // namespace frugal::ops
