// The shifts and units of kernels that train without floats.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "ir/operator.h"
#include "ops/arguments.h"
#include "ops/integer.h"

namespace frugal::ops {
namespace {

// Bits of count − 1: 2^bits ≥ count.
std::int32_t bits_of(std::int64_t count) {
  std::int32_t bits = 0;
  while ((std::int64_t{1} << bits) < count) ++bits;
  return bits;
}

// Windows of one axis that a pixel may lie in.
std::int32_t readers(std::int32_t kernel, std::int32_t stride) { return (kernel + stride - 1) / stride; }

}  // namespace

std::int32_t gradient_shift(const ir::Graph& graph, const ir::Node& node) {
  const std::string op = node.op->name;
  const ir::Dims &first = graph.tensor(node.inputs[0]).shape, &given = graph.tensor(node.output).shape;
  const ir::Tensor* second = node.inputs.size() > 1 ? &graph.tensor(node.inputs[1]) : nullptr;
  const auto pixels = [](const ir::Dims& shape) { return ir::elements(shape) / (shape[0] * shape[1]); };
  if (op == "channel_sum" || op == "pixel_sum")
    return ops_sum_shift((pixels(first) + OPS_EXACT_PART - 1) / OPS_EXACT_PART);
  FRUGAL_ASSERT(second != nullptr, "a sum of one tensor");
  // Int64 sums of the head: logits below 2^30, gradients below 2^31.
  if (op == "fully_connected") return std::max(0, bits_of(second->shape[1]) + 23 - 30);
  if (op == "fully_connected_input_gradient") {
    if (second->type == ir::DataType::int16) return std::max(0, bits_of(second->shape[0]) + 30 - 31);
    return ops_sum_shift(second->shape[0]);
  }
  if (op == "fully_connected_weight_gradient") return 0;
  if (op == "mul_channel_gradient") return ops_sum_shift(pixels(first));
  if (op == "conv_weight_gradient" || op == "depthwise_weight_gradient")
    return ops_sum_shift(pixels(second->shape));
  const bool depthwise = op == "depthwise_input_gradient";
  FRUGAL_ASSERT(depthwise || op == "conv_input_gradient", "no gradient that sums");
  const ops_window w = window_of(node, given, first);
  const std::int64_t area = std::int64_t{w.kernel_height} * w.kernel_width;
  return ops_sum_shift(area * (depthwise ? w.out_channels / w.in_channels : w.out_channels / w.groups));
}

std::int32_t pool_unit(const ops_window& w) {
  const std::int32_t area = w.kernel_height * w.kernel_width;
  const std::int32_t most =
      65535 / (readers(w.kernel_height, w.stride_height) * readers(w.kernel_width, w.stride_width));
  const auto covers = [](std::int32_t out, std::int32_t stride, std::int32_t pad, std::int32_t kernel,
                         std::int32_t in) { return pad == 0 && (out - 1) * stride + kernel <= in; };
  if (covers(w.out_height, w.stride_height, w.pad_top, w.kernel_height, w.in_height) &&
      covers(w.out_width, w.stride_width, w.pad_left, w.kernel_width, w.in_width))
    return std::max(1, area);
  std::int32_t unit = std::max(1, area);
  while (unit * 2 <= most) unit *= 2;
  return unit;
}

}  // namespace frugal::ops
