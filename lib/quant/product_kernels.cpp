// Products, activations by a table, joined channels (ops/product_i8.c), for the nodes of kernels.cpp's table.
#include "ir/integer_scale.h"
#include "ops/activation_table.h"
#include "ops/arguments.h"
#include "quant/binding.h"

namespace frugal::quant {
namespace {

using ir::DataType;
using ir::TensorId;

std::int32_t zero_of(const ir::Tensor& x) { return static_cast<std::int32_t>(ir::zero_point_of(x)); }
std::int32_t count_of(const ir::Tensor& x) { return static_cast<std::int32_t>(ir::elements(x.shape)); }

Step mul(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(1, DataType::int8);
  const auto to = shared(b, ops::product_of(b.node, b.input(0), b.input(1), b.output()));
  const std::int32_t zero = zero_of(b.input(1)), count = b.count(), b_count = repeated(b, 1);
  const TensorId p = b.node.inputs[0], q = b.node.inputs[1], y = b.node.output, mask = b.node.mask;
  return {[=](Workspace& s) {
    ops_mul_i8(s.at<int8_t>(p), s.at<int8_t>(q), zero, s.at<int8_t>(y), at<uint8_t>(s, mask), count, b_count,
               to.get());
  }};
}

Step activation(const Binding& b) {
  b.need(0, DataType::int8);
  if (!b.output().quantization || b.output().type != DataType::int8) b.fail("needs a quantised output");
  const auto table = ops::activation_table(b.node.op->name, b.input(0), b.output());
  const std::int32_t count = b.count();
  const TensorId x = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) { ops_lookup_i8(s.at<int8_t>(x), table.data(), s.at<int8_t>(y), count); }};
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
  const std::int32_t rows = b.pixels();
  std::vector<std::size_t> bytes;
  for (std::size_t i = 0; i < b.node.inputs.size(); ++i) {
    b.need(i, b.output().type);
    if (b.input(i).quantization != b.output().quantization)
      b.fail("joins values of several scales ('" + b.input(i).name + "')",
             "requantise them to the scale of the result");
    bytes.push_back(static_cast<std::size_t>(b.input(i).shape[1]) * size);
  }
  const std::vector<TensorId> inputs = b.node.inputs;
  const TensorId y = b.node.output;
  return {[=](Workspace& s) {
    uint8_t* to = s.at<uint8_t>(y);
    for (std::size_t i = 0; i < inputs.size(); ++i, to += bytes[i - 1])
      ops_copy_rows(s.at<uint8_t>(inputs[i]), bytes[i], to, all, bytes[i], rows);
  }};
}

Step slice(const Binding& b) {
  need_channels(b);
  const std::size_t size = size_of(b.output());
  const auto begin = static_cast<std::size_t>(ir::call_of(b.model.graph, b.node).integer("begin"));
  const std::size_t all = static_cast<std::size_t>(b.input(0).shape[1]) * size;
  const std::size_t some = static_cast<std::size_t>(b.output().shape[1]) * size;
  const std::int32_t rows = b.pixels();
  const TensorId x = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) {
    ops_copy_rows(s.at<uint8_t>(x) + begin * size, all, s.at<uint8_t>(y), some, some, rows);
  }};
}

Step mul_input_gradient(const Binding& b) {
  b.need(0, DataType::float32);
  b.need(1, DataType::int8);
  const std::int32_t zero = zero_of(b.input(1)), count = b.count(), other_count = repeated(b, 1);
  const TensorId g = b.node.inputs[0], other = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_mul_input_gradient(s.at<float>(g), s.at<int8_t>(other), zero, s.at<float>(y), count, other_count);
  }};
}

Step mul_channel_gradient(const Binding& b) {
  b.need(0, DataType::float32);
  b.need(1, DataType::int8);
  const std::int32_t zero = zero_of(b.input(1)), pixels = b.pixels(), channels = b.count();
  const TensorId g = b.node.inputs[0], other = b.node.inputs[1], y = b.node.output;
  return {[=](Workspace& s) {
    ops_mul_channel_gradient(s.at<float>(g), s.at<int8_t>(other), zero, s.at<float>(y), pixels, channels);
  }};
}

Step pixel_sum(const Binding& b) {
  b.need(0, DataType::float32);
  const std::int32_t pixels = b.pixels(), channels = b.count();
  const TensorId g = b.node.inputs[0], y = b.node.output;
  return {[=](Workspace& s) { ops_channel_sum(s.at<float>(g), s.at<float>(y), pixels, channels); }};
}

Step lookup_gradient(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(1, DataType::float32);
  const std::int32_t count = b.count();
  const TensorId x = b.node.inputs[0], g = b.node.inputs[1], slopes = b.node.inputs[2], y = b.node.output;
  return {[=](Workspace& s) {
    ops_lookup_gradient(s.at<int8_t>(x), s.at<float>(g), s.at<float>(slopes), s.at<float>(y), count);
  }};
}

constexpr KernelEntry table[] = {
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

std::span<const KernelEntry> product_kernels() { return table; }

std::int32_t repeated(const Binding& b, std::size_t input) {
  const ir::Dims& shape = b.input(input).shape;
  const bool whole = shape == b.output().shape, by_channel = ir::elements(shape) == shape[0] * shape[1];
  if (!whole && !by_channel)
    b.fail(
        std::string(b.node.op->name) + " has a kernel for two inputs of one shape, or one number a channel",
        "got " + ir::to_text(b.input(0).shape) + " and " + ir::to_text(shape));
  return count_of(b.input(input));
}

std::shared_ptr<const ops_requantize> shared(const Binding& b, ops::Requantize made) {
  for (const std::int32_t shift : made.shift) {
    if (shift > 30) b.fail("has scales whose ratio is 2^30 or more, which no fixed-point number holds");
  }
  const auto owner = std::make_shared<ops::Requantize>(std::move(made));
  return {owner, owner->pointer()};
}

}  // namespace frugal::quant
