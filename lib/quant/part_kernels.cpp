// Kernels for some channels at a time, by operator (ops/channels.h, passes/channels.h).
#include "ops/channels.h"

#include "quant/binding.h"

namespace frugal::quant {
namespace {

using ir::DataType;

std::int32_t channels_of_shape(const ir::Tensor& tensor) {
  return static_cast<std::int32_t>(tensor.shape[1]);
}

ops_window window_of(const Binding& b) {
  b.need(1, DataType::int8);
  return ops::window_of(b.node, b.output().shape, b.input(0).shape);
}

Step with_bytes(const Step& step, std::size_t bytes) {
  return step.with_scratch(bytes, [bytes](std::int32_t) { return bytes; });
}

// Into the hidden channels.
Step into(const Binding& b) {
  const ops_window window = window_of(b);
  return with_bytes(
      FRUGAL_CALL(ops_conv_input_gradient_part, b.x(0), b.x(1), b.y(), Scratch{}, window, Part{}),
      ops_conv_input_gradient_part_scratch(&window));
}
Step into_of_parts(const Binding& b) {
  const ops_window window = window_of(b);
  const Table<std::int32_t> channels = channels_of(b.node);
  const auto count = static_cast<std::int32_t>(channels.values().size());
  return with_bytes(FRUGAL_CALL(ops_conv_input_gradient_of_parts_part, b.x(0), b.x(1), b.x(2), b.y(),
                                channels, count, Scratch{}, window, Part{}),
                    ops_conv_input_gradient_part_scratch(&window));
}

// Out of them.
Step sum(const Binding& b) {
  const ops_window window = window_of(b);
  return FRUGAL_CALL(ops_pointwise_input_gradient_sum, b.x(0), b.x(1), b.y(), window, Part{});
}
Step sum_of_parts(const Binding& b) {
  const ops_window window = window_of(b);
  const Table<std::int32_t> channels = channels_of(b.node);
  const auto count = static_cast<std::int32_t>(channels.values().size());
  return with_bytes(FRUGAL_CALL(ops_pointwise_input_gradient_of_parts_sum, b.x(0), b.x(1), b.x(2), b.y(),
                                channels, count, Scratch{}, window, Part{}),
                    ops_pointwise_input_gradient_of_parts_sum_scratch(&window));
}

Step rescale(const Binding& b) {
  const auto factors = static_cast<std::int32_t>(b.input(1).shape[0]);
  const std::int32_t channels = channels_of_shape(b.output());
  return FRUGAL_CALL(ops_rescale_gradient_part, b.x(0), b.x(1), factors, b.x(2), b.y(), b.pixels(), channels,
                     Part{});
}
Step channel_sum_part(const Binding& b) {
  return FRUGAL_CALL(ops_channel_sum_part, b.x(0), b.y(), b.pixels(), Part{});
}

Step depthwise(const Binding& b) {
  const ops_window window = window_of(b);
  return with_bytes(
      FRUGAL_CALL(ops_depthwise_input_gradient_part, b.x(0), b.x(1), b.y(), Scratch{}, window, Part{}),
      ops_depthwise_input_gradient_part_scratch(&window));
}
Step weight_update(const Binding& b) {
  const WeightUpdate u = weight_update_of(b);
  return with_bytes(FRUGAL_CALL(ops_conv_weight_update_part, b.x(0), b.x(1), u.zero, b.x(2), b.x(4), b.x(3),
                                b.x(5), Scratch{}, u.taken, u.window, u.update, Part{}),
                    ops_conv_weight_update_part_scratch(&u.window, u.update.how.trained));
}

Step of_operator(const Binding& b, PartOf part) {
  const std::string op = b.node.op->name;
  if (op == "conv_input_gradient") return part == PartOf::output ? into(b) : sum(b);
  if (op == "conv_input_gradient_of_parts")
    return part == PartOf::output ? into_of_parts(b) : sum_of_parts(b);
  if (op == "rescale_gradient") return rescale(b);
  if (op == "channel_sum") return channel_sum_part(b);
  if (op == "depthwise_input_gradient" || op == "depthwise_input_gradient_in_place") return depthwise(b);
  FRUGAL_ASSERT(op == "conv_weight_update", "an operator that has no kernel for some channels");
  return weight_update(b);
}

}  // namespace

Step bind_part(const ir::Model& model, const ir::Node& node, const std::string& origin, PartOf part) {
  Step step = of_operator({model, node, origin}, part);
  step.run = nullptr;
  return step;
}

}  // namespace frugal::quant
