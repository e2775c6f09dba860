// Products, activations by a table, joined channels (ops/product_i8.c), for the nodes of kernels.cpp's table.
#include "ir/integer_scale.h"
#include "ops/activation_table.h"
#include "ops/arguments.h"
#include "quant/binding.h"

namespace frugal::quant {
namespace {

using ir::DataType;

std::int32_t count_of(const ir::Tensor& x) { return static_cast<std::int32_t>(ir::elements(x.shape)); }

Step mul(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(1, DataType::int8);
  const Scales to = shared(b, ops::product_of(b.node, b.input(0), b.input(1), b.output()));
  return FRUGAL_CALL(ops_mul_i8, b.x(0), b.x(1), zero_of(b.input(1)), b.y(), b.mask(), b.count(),
                     repeated(b, 1), to);
}

Step activation(const Binding& b) {
  b.need(0, DataType::int8);
  if (!b.output().quantization || b.output().type != DataType::int8) b.fail("needs a quantised output");
  const auto table = ops::activation_table(b.node.op->name, b.input(0), b.output());
  return FRUGAL_CALL(ops_lookup_i8, b.x(0), Table(std::vector<std::int8_t>(table.begin(), table.end())),
                     b.y(), b.count());
}

std::size_t size_of(const ir::Tensor& tensor) {
  return static_cast<std::size_t>(ir::bytes(tensor) / ir::elements(tensor.shape));
}

void need_channels(const Binding& b) {
  if (ir::call_of(b.model.graph, b.node).integer("axis") != 1)
    b.fail(std::string(b.node.op->name) + " has a kernel along the channels alone");
}

Step concatenate(const Binding& b) {
  need_channels(b);
  const std::size_t size = size_of(b.output());
  const std::size_t all = static_cast<std::size_t>(b.output().shape[1]) * size;
  Step step;
  std::size_t at = 0;
  for (std::size_t i = 0; i < b.node.inputs.size(); ++i) {
    b.need(i, b.output().type);
    if (b.input(i).quantization != b.output().quantization)
      b.fail("joins values of several scales ('" + b.input(i).name + "')",
             "requantise them to the scale of the result");
    const std::size_t bytes = static_cast<std::size_t>(b.input(i).shape[1]) * size;
    step = step.then(
        FRUGAL_CALL(ops_copy_rows, b.x(i), bytes, (Value{b.node.output, at}), all, bytes, b.pixels()));
    at += bytes;
  }
  return step;
}

Step slice(const Binding& b) {
  need_channels(b);
  const std::size_t size = size_of(b.output());
  const auto begin = static_cast<std::size_t>(ir::call_of(b.model.graph, b.node).integer("begin"));
  const std::size_t all = static_cast<std::size_t>(b.input(0).shape[1]) * size;
  const std::size_t some = static_cast<std::size_t>(b.output().shape[1]) * size;
  return FRUGAL_CALL(ops_copy_rows, (Value{b.node.inputs[0], begin * size}), all, b.y(), some, some,
                     b.pixels());
}

Step mul_input_gradient(const Binding& b) {
  b.need(0, DataType::float32);
  b.need(1, DataType::int8);
  return FRUGAL_CALL(ops_mul_input_gradient, b.x(0), b.x(1), zero_of(b.input(1)), b.y(), b.count(),
                     repeated(b, 1));
}

Step mul_channel_gradient(const Binding& b) {
  b.need(0, DataType::float32);
  b.need(1, DataType::int8);
  return FRUGAL_CALL(ops_mul_channel_gradient, b.x(0), b.x(1), zero_of(b.input(1)), b.y(), b.pixels(),
                     b.count());
}

Step pixel_sum(const Binding& b) {
  b.need(0, DataType::float32);
  return FRUGAL_CALL(ops_channel_sum, b.x(0), b.y(), b.pixels(), b.count());
}

Step lookup_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(1, DataType::float32);
  return FRUGAL_CALL(ops_lookup_gradient, b.x(0), b.x(1), b.x(2), b.y(), b.count());
}

constexpr KernelEntry product_table[] = {
    {"mul", mul},
    {"h_swish", activation},
    {"h_sigmoid", activation},
    {"sigmoid", activation},
    {"tanh", activation},
    {"concatenate", concatenate},
    {"slice", slice},
    {"mul_input_gradient", mul_input_gradient},
    {"mul_channel_gradient", mul_channel_gradient},
    {"pixel_sum", pixel_sum},
    {"lookup_gradient", lookup_gradient},
};

}  // namespace

std::span<const KernelEntry> product_kernels() { return product_table; }

std::int32_t repeated(const Binding& b, std::size_t input) {
  const ir::Dims& shape = b.input(input).shape;
  const bool whole = shape == b.output().shape, by_channel = ir::elements(shape) == shape[0] * shape[1];
  if (!whole && !by_channel)
    b.fail(
        std::string(b.node.op->name) + " has a kernel for two inputs of one shape, or one number a channel",
        "got " + ir::to_text(b.input(0).shape) + " and " + ir::to_text(shape));
  return count_of(b.input(input));
}

Scales shared(const Binding& b, ops::Requantize made) {
  for (const std::int32_t shift : made.shift) {
    if (shift > 30) b.fail("has scales whose ratio is 2^30 or more, which no fixed-point number holds");
  }
  const auto owner = std::make_shared<ops::Requantize>(std::move(made));
  owner->pointer();
  return owner;
}

}  // namespace frugal::quant
