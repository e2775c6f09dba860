#include "support/onnx_writer.h"

namespace frugal::test {
namespace {

using network::onnx::attribute;
using network::onnx::Message;
using List = std::vector<std::int64_t>;

Message value_info(const std::string& name, const List& shape, int type) {
  Message extents, tensor, kind, info;
  for (const std::int64_t size : shape) {
    Message one;
    if (size < 0) {
      one.bytes(2, "batch");
    } else {
      one.integer(1, size);
    }
    extents.message(1, one);
  }
  tensor.integer(1, type);
  tensor.message(2, extents);
  kind.message(1, tensor);
  info.bytes(1, name);
  info.message(2, kind);
  return info;
}

Message attribute_message(const network::onnx::Attribute& one) {
  Message message;
  message.bytes(1, one.name);
  if (one.kind == network::onnx::Attribute::Kind::real) message.real(2, one.real);
  if (one.kind == network::onnx::Attribute::Kind::integer) message.integer(3, one.integers[0]);
  if (one.kind == network::onnx::Attribute::Kind::integers) {
    for (const std::int64_t value : one.integers) message.integer(8, value);
  }
  return message;
}

std::vector<float> rising(std::size_t count, float step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = step * static_cast<float>(i);
  return values;
}

}  // namespace

void OnnxWriter::node(const std::string& type, const std::vector<std::string>& inputs,
                      const std::vector<std::string>& outputs, const Attributes& attributes,
                      const std::string& name) {
  Message node;
  for (const std::string& input : inputs) node.bytes(1, input);
  for (const std::string& output : outputs) node.bytes(2, output);
  node.bytes(3, name);
  node.bytes(4, type);
  for (const auto& one : attributes) node.message(5, attribute_message(one));
  if (!domain.empty()) node.bytes(7, domain);
  graph_.message(1, node);
}

void OnnxWriter::tensor(const std::string& name, int type, const List& shape, const std::string& bytes,
                        const std::string& external) {
  Message tensor;
  for (const std::int64_t size : shape) tensor.integer(1, size);
  tensor.integer(2, type);
  tensor.bytes(8, name);
  if (external.empty()) {
    tensor.bytes(9, bytes);
  } else {
    Message location;
    location.bytes(1, "location");
    location.bytes(2, external);
    tensor.message(13, location);
    tensor.integer(14, 1);
  }
  graph_.message(5, tensor);
}

void OnnxWriter::input(const std::string& name, const List& shape, int type) {
  graph_.message(11, value_info(name, shape, type));
}

void OnnxWriter::output(const std::string& name, const List& shape, int type) {
  graph_.message(12, value_info(name, shape, type));
}

std::string OnnxWriter::file(std::int64_t opset) const {
  Message operators, model;
  operators.bytes(1, "");
  operators.integer(2, opset);
  model.integer(1, 8);
  model.bytes(2, "a test");
  model.message(7, graph_);
  model.message(8, operators);
  return model.text();
}

std::string float_onnx() {
  OnnxWriter w;
  w.input("image", {-1, 2, 4, 4});
  w.constant("stem.0.weight", OnnxWriter::float32, {4, 2, 3, 3}, rising(72, 0.01F));
  for (const char* part : {"weight", "bias", "mean", "var"})
    w.constant(std::string("stem.1.") + part, OnnxWriter::float32, {4}, std::vector<float>{1, 2, 3, 4});
  w.node("Conv", {"image", "stem.0.weight"}, {"c"},
         {attribute("pads", List{1, 1, 1, 1}), attribute("strides", List{2, 2})}, "/stem/stem.0/Conv");
  w.node("BatchNormalization", {"c", "stem.1.weight", "stem.1.bias", "stem.1.mean", "stem.1.var"}, {"n"},
         {attribute("epsilon", 0.25)}, "/stem/stem.1/BatchNormalization");
  w.scalar("zero", 0);
  w.scalar("six", 6);
  w.node("Clip", {"n", "zero", "six"}, {"r"}, {}, "/stem/stem.2/Clip");
  w.constant("onnx::Conv_7", OnnxWriter::float32, {4, 1, 3, 3}, rising(36, 0.1F));
  w.constant("b", OnnxWriter::float32, {4}, std::vector<float>{1, 2, 3, 4});
  w.node("Conv", {"r", "onnx::Conv_7", "b"}, {"d"},
         {attribute("pads", List{1, 1, 1, 1}), attribute("group", std::int64_t{4})}, "/block/depth/Conv");
  w.node("HardSwish", {"d"}, {"h"}, {}, "/block/act/HardSwish");
  w.node("Add", {"r", "h"}, {"s"}, {}, "/block/Add");
  w.node("GlobalAveragePool", {"s"}, {"p"}, {}, "/pool/GlobalAveragePool");
  w.node("Shape", {"p"}, {"sizes"});
  w.constant("first", OnnxWriter::int64, {}, List{0});
  w.constant("rest", OnnxWriter::int64, {1}, List{-1});
  w.node("Gather", {"sizes", "first"}, {"n0"}, {attribute("axis", std::int64_t{0})});
  w.node("Unsqueeze", {"n0", "first"}, {"n1"});
  w.node("Concat", {"n1", "rest"}, {"flat"}, {attribute("axis", std::int64_t{0})});
  w.node("Reshape", {"p", "flat"}, {"f"}, {}, "/Reshape");
  w.constant("fc.weight", OnnxWriter::float32, {4, 3}, rising(12, 1));
  w.constant("fc.bias", OnnxWriter::float32, {3}, std::vector<float>{7, 8, 9});
  w.node("Gemm", {"f", "fc.weight", "fc.bias"}, {"logits"}, {}, "/fc/Gemm");
  w.output("logits", {-1, 3});
  return w.file();
}

std::string quantised_onnx() {
  OnnxWriter w;
  const auto zero = [&](const std::string& name, int value, int type) {
    return w.constant<std::uint8_t>(name, type, {}, {static_cast<std::uint8_t>(value)});
  };
  // What QuantizeLinear and DequantizeLinear surround a value with.
  const auto qdq = [&](const std::string& value, float scale, int zero_point) {
    w.scalar(value + "_s", scale);
    zero(value + "_z", zero_point, OnnxWriter::uint8);
    w.node("QuantizeLinear", {value, value + "_s", value + "_z"}, {value + "_q"});
    w.node("DequantizeLinear", {value + "_q", value + "_s", value + "_z"}, {value + "_d"});
    return value + "_d";
  };
  w.input("image", {1, 2, 4, 4});
  const std::string image = qdq("image", 0.5F, 100);
  const auto layer = [&](const std::string& name, const List& shape, float in_scale) {
    const auto outputs = static_cast<std::size_t>(shape[0]);
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    std::vector<std::int8_t> weight(count);
    for (std::size_t i = 0; i < count; ++i) weight[i] = static_cast<std::int8_t>(i);
    std::vector<float> scale(outputs), bias_scale(outputs);
    for (std::size_t i = 0; i < outputs; ++i) {
      scale[i] = 0.25F * static_cast<float>(i + 1);
      bias_scale[i] = scale[i] * in_scale;
    }
    w.constant(name + ".weight_quantized", OnnxWriter::int8, shape, weight);
    w.constant(name + ".ws", OnnxWriter::float32, {shape[0]}, scale);
    w.constant(name + ".wz", OnnxWriter::int8, {shape[0]}, std::vector<std::int8_t>(outputs, 0));
    w.constant(name + ".bias_quantized", OnnxWriter::int32, {shape[0]},
               std::vector<std::int32_t>(outputs, 5));
    w.constant(name + ".bs", OnnxWriter::float32, {shape[0]}, bias_scale);
    w.constant(name + ".bz", OnnxWriter::int32, {shape[0]}, std::vector<std::int32_t>(outputs, 0));
    w.node("DequantizeLinear", {name + ".weight_quantized", name + ".ws", name + ".wz"}, {name + ".w"},
           {attribute("axis", std::int64_t{0})});
    w.node("DequantizeLinear", {name + ".bias_quantized", name + ".bs", name + ".bz"}, {name + ".b"},
           {attribute("axis", std::int64_t{0})});
  };
  layer("stem", {2, 2, 1, 1}, 0.5F);
  w.node("Conv", {image, "stem.w", "stem.b"}, {"c"});
  w.node("Relu", {"c"}, {"r"});
  const std::string stem = qdq("r", 0.125F, 3);
  layer("depth", {2, 1, 3, 3}, 0.125F);
  w.node("Conv", {stem, "depth.w", "depth.b"}, {"e"},
         {attribute("group", std::int64_t{2}), attribute("pads", List{1, 1, 1, 1})});
  const std::string depth = qdq("e", 0.25F, 128);
  w.node("Add", {stem, depth}, {"sum"});
  const std::string sum = qdq("sum", 0.5F, 130);
  w.node("MaxPool", {sum}, {"m"}, {attribute("kernel_shape", List{2, 2}), attribute("strides", List{2, 2})});
  const std::string pooled = qdq("m", 0.5F, 130);
  w.node("Flatten", {pooled}, {"f"});
  const std::string flat = qdq("f", 0.5F, 130);
  layer("fc", {3, 8}, 0.5F);
  w.node("Gemm", {flat, "fc.w", "fc.b"}, {"y"}, {attribute("transB", std::int64_t{1})});
  const std::string logits = qdq("y", 2, 0);
  w.output(logits, {1, 3});
  return w.file();
}

std::string words_onnx(const std::string& reader, std::int64_t tokens_axis) {
  OnnxWriter w;
  w.input("tokens", {-1, 6}, OnnxWriter::int64);
  w.constant("table.weight", OnnxWriter::float32, {9, 4}, rising(36, 1));
  w.node("Gather", {"table.weight", "tokens"}, {"e"}, {attribute("axis", tokens_axis)}, "/table/Gather");
  w.node(reader, {"e"}, {"t"}, {attribute("perm", List{0, 2, 1})}, "/turned");
  w.constant("conv.weight", OnnxWriter::float32, {5, 4, 3}, rising(60, 0.01F));
  w.constant("conv.bias", OnnxWriter::float32, {5}, rising(5, 1));
  w.node("Conv", {"t", "conv.weight", "conv.bias"}, {"c"},
         {attribute("kernel_shape", List{3}), attribute("pads", List{1, 1}), attribute("strides", List{1})},
         "/conv/Conv");
  w.node("Relu", {"c"}, {"r"}, {}, "/relu/Relu");
  w.node("MaxPool", {"r"}, {"p"}, {attribute("kernel_shape", List{2}), attribute("strides", List{2})},
         "/pool/MaxPool");
  w.node("ReduceMean", {"p"}, {"m"}, {attribute("axes", List{-1}), attribute("keepdims", std::int64_t{0})},
         "/ReduceMean");
  w.constant("fc.weight", OnnxWriter::float32, {3, 5}, rising(15, 1));
  w.node("Gemm", {"m", "fc.weight"}, {"logits"}, {attribute("transB", std::int64_t{1})}, "/fc/Gemm");
  w.output("logits", {-1, 3});
  return w.file();
}

std::map<std::string, std::string> onnx_seeds() {
  return {{"float", float_onnx()}, {"quantised", quantised_onnx()}, {"words", words_onnx()}};
}

}  // namespace frugal::test
