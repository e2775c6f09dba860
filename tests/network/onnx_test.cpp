// What ONNX files become, number by number, and what is refused, from files that tests/support/onnx_writer.h
// writes.
#include "network/import/onnx.h"

#include <cstdlib>
#include <limits>

#include "base/file.h"
#include "ir/text.h"
#include "network/import/load.h"
#include "support/message_of.h"
#include "support/onnx_import.h"
#include "support/onnx_writer.h"
#include "support/test.h"

using namespace frugal;
using network::onnx::attribute;
using test::import_all;
using test::import_model;
using test::nodes_of;
using test::one_node;
using test::OnnxWriter;
using test::refusal;
using List = std::vector<std::int64_t>;

namespace {

template <typename T>
std::vector<T> numbers(const ir::Model& model, const std::string& name) {
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    if (model.graph.tensors[i].name != name) continue;
    const auto values = model.values<T>(static_cast<ir::TensorId>(i));
    return {values.begin(), values.end()};
  }
  FAIL("no tensor " << name);
  return {};
}

std::string shape_of(const std::string& file) {
  const ir::Graph graph = import_model(file).graph;
  return ir::to_text(graph.tensor(graph.outputs.at(0)).shape);
}

}  // namespace

TEST_CASE("a float ONNX file becomes the graph that it describes", "[import]") {
  const ir::Model model = import_model(test::float_onnx());
  CHECK(ir::to_text(model.graph) == R"(graph net {
  input image: f32[1, 2, 4, 4]
  parameter stem.0.weight: f32[4, 2, 3, 3]
  stem.0: f32[1, 4, 2, 2] = conv(image, stem.0.weight) {out_channels = 4, kernel = [3, 3], stride = [2, 2], padding = [1, 1, 1, 1], dilation = [1, 1]}
  parameter stem.1.weight: f32[4]
  parameter stem.1.bias: f32[4]
  state stem.1.running_mean: f32[4]
  state stem.1.running_var: f32[4]
  stem.1: f32[1, 4, 2, 2] = batch_norm(stem.0, stem.1.weight, stem.1.bias, stem.1.running_mean, stem.1.running_var) {eps = 0.25}
  stem.2: f32[1, 4, 2, 2] = relu6(stem.1)
  parameter block.depth.weight: f32[4, 1, 3, 3]
  parameter block.depth.bias: f32[4]
  block.depth: f32[1, 4, 2, 2] = depthwise_conv(stem.2, block.depth.weight, block.depth.bias) {bias = 1, kernel = [3, 3], stride = [1, 1], padding = [1, 1, 1, 1], dilation = [1, 1]}
  block.act: f32[1, 4, 2, 2] = h_swish(block.depth)
  block: f32[1, 4, 2, 2] = add(stem.2, block.act)
  pool: f32[1, 4, 1, 1] = global_average_pool(block)
  Reshape: f32[1, 4] = flatten(pool)
  parameter fc.weight: f32[3, 4]
  parameter fc.bias: f32[3]
  fc: f32[1, 3] = fully_connected(Reshape, fc.weight, fc.bias) {out_features = 3}
  output fc
}
)");
  CHECK(numbers<float>(model, "stem.0.weight")[71] == 0.71F);
  CHECK(numbers<float>(model, "stem.1.running_var") == std::vector<float>{1, 2, 3, 4});
  // [in, out] = 3 in + out becomes [out, in].
  CHECK(numbers<float>(model, "fc.weight") == std::vector<float>{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11});
  CHECK(numbers<float>(model, "fc.bias") == std::vector<float>{7, 8, 9});
}

TEST_CASE("QuantizeLinear and DequantizeLinear around operators become integers", "[import]") {
  const ir::Model model = import_model(test::quantised_onnx());
  CHECK(ir::to_text(model.graph) == R"(graph net {
  input image: f32[1, 2, 4, 4]
  image_q: i8[1, 2, 4, 4] quantised(scale = [0.5], zero_point = [-28]) = quantize(image)
  parameter stem.weight: i8[2, 2, 1, 1] quantised(scale = [0.25, 0.5], zero_point = [0, 0], axis = 0)
  parameter stem.bias: i32[2] quantised(scale = [0.125, 0.25], zero_point = [0, 0], axis = 0)
  stem: i8[1, 2, 4, 4] quantised(scale = [0.125], zero_point = [-125]) = conv(image_q, stem.weight, stem.bias) {out_channels = 2, bias = 1, kernel = [1, 1], stride = [1, 1], padding = [0, 0, 0, 0], dilation = [1, 1], rounding = "float32-half-even", clamp = [-125, 127]}
  parameter depth.weight: i8[2, 1, 3, 3] quantised(scale = [0.25, 0.5], zero_point = [0, 0], axis = 0)
  parameter depth.bias: i32[2] quantised(scale = [0.03125, 0.0625], zero_point = [0, 0], axis = 0)
  depth: i8[1, 2, 4, 4] quantised(scale = [0.25], zero_point = [0]) = depthwise_conv(stem, depth.weight, depth.bias) {bias = 1, kernel = [3, 3], stride = [1, 1], padding = [1, 1, 1, 1], dilation = [1, 1], rounding = "float32-half-even"}
  sum: i8[1, 2, 4, 4] quantised(scale = [0.5], zero_point = [2]) = add(stem, depth) {rounding = "float32-half-even"}
  m: i8[1, 2, 2, 2] quantised(scale = [0.5], zero_point = [2]) = max_pool(sum) {kernel = [2, 2], stride = [2, 2], padding = [0, 0, 0, 0], dilation = [1, 1], rounding = "float32-half-even"}
  f: i8[1, 8] quantised(scale = [0.5], zero_point = [2]) = flatten(m)
  parameter fc.weight: i8[3, 8] quantised(scale = [0.25, 0.5, 0.75], zero_point = [0, 0, 0], axis = 0)
  parameter fc.bias: i32[3] quantised(scale = [0.125, 0.25, 0.375], zero_point = [0, 0, 0], axis = 0)
  fc: i8[1, 3] quantised(scale = [2], zero_point = [-128]) = fully_connected(f, fc.weight, fc.bias) {out_features = 3, rounding = "float32-half-even"}
  fc.f32: f32[1, 3] = dequantize(fc)
  output fc.f32
}
)");
  CHECK(numbers<std::int8_t>(model, "stem.weight") == std::vector<std::int8_t>{0, 1, 2, 3});
  CHECK(numbers<std::int32_t>(model, "depth.bias") == std::vector<std::int32_t>{5, 5});
}

TEST_CASE("weights that a file holds in float behind both nodes are rounded once", "[import]") {
  OnnxWriter w;
  w.input("x", {1, 1, 2, 2});
  w.scalar("s", 0.5F);
  w.tensor("z", OnnxWriter::int8, {}, std::string(1, '\0'));
  w.constant("c.weight", OnnxWriter::float32, {1, 1, 1, 3}, std::vector<float>{0.25F, 0.75F, -100});
  w.constant("b", OnnxWriter::float32, {1}, std::vector<float>{0.625F});
  for (const char* name : {"x", "c.weight", "y"}) {
    const std::string value = name;
    if (value == "y")
      w.node("Conv", {"x_d", "c.weight_d", "b"}, {"y"}, {attribute("pads", List{0, 1, 0, 1})});
    w.node("QuantizeLinear", {value, "s", "z"}, {value + "_q"});
    w.node("DequantizeLinear", {value + "_q", "s", "z"}, {value + "_d"});
  }
  w.output("y_d", {});
  const ir::Model model = import_model(w.file());
  // 0.5 and 1.5 go to the even number; the bias to steps of s_x · s_w = 0.25.
  CHECK(numbers<std::int8_t>(model, "c.weight") == std::vector<std::int8_t>{0, 2, -128});
  CHECK(numbers<std::int32_t>(model, "c.bias") == std::vector<std::int32_t>{2});
}

TEST_CASE("several equal QuantizeLinear behind an operator are one; a relu between two pairs is a requantize",
          "[import]") {
  OnnxWriter w;
  w.input("x", {1, 2});
  w.scalar("s", 0.5F);
  w.scalar("t", 0.25F);
  w.tensor("z", OnnxWriter::int8, {}, std::string(1, '\0'));
  w.node("QuantizeLinear", {"x", "s", "z"}, {"xq"});
  w.node("DequantizeLinear", {"xq", "s", "z"}, {"xd"});
  w.node("Relu", {"xd"}, {"r"}, {}, "r");
  for (const char* name : {"a", "b"}) {
    const std::string value = name;
    w.node("QuantizeLinear", {"r", "t", "z"}, {value + "q"});
    w.node("DequantizeLinear", {value + "q", "t", "z"}, {value + "d"});
  }
  w.node("Add", {"ad", "bd"}, {"sum"}, {}, "sum");
  w.node("QuantizeLinear", {"sum", "s", "z"}, {"sq"});
  w.node("DequantizeLinear", {"sq", "s", "z"}, {"y"});
  w.output("y", {});
  const ir::Graph graph = import_model(w.file()).graph;
  CHECK(nodes_of(graph) == "xq:quantize r:requantize sum:add sum.f32:dequantize");
  CHECK(ir::call_of(graph, graph.nodes[1]).integers("clamp") == List{0, 127});
}

TEST_CASE("an operator without integers computes in float between two pairs", "[import]") {
  OnnxWriter w;
  w.input("x", {1, 2}, OnnxWriter::uint8);
  w.scalar("s", 0.5F);
  w.tensor("z", OnnxWriter::uint8, {}, std::string(1, '\x80'));
  w.node("DequantizeLinear", {"x", "s", "z"}, {"xd"});
  w.node("Softmax", {"xd"}, {"h"}, {}, "h");
  w.node("QuantizeLinear", {"h", "s", "z"}, {"hq"});
  w.output("hq", {}, OnnxWriter::uint8);
  const network::Imported imported = import_all(w.file());
  CHECK(nodes_of(imported.model.graph) == "x.f32:dequantize h:softmax hq:quantize");
  CHECK(imported.model.graph.tensor(0).quantization == network::per_tensor(0.5, 0));
  CHECK(imported.notes ==
        std::vector<std::string>{"input 'x' is uint8 in the file: here it takes what is 128 lower"});
}

TEST_CASE("an activation of one number between two pairs is a table on integers", "[import]") {
  OnnxWriter w;
  w.input("x", {1, 2}, OnnxWriter::uint8);
  w.scalar("s", 0.5F);
  w.tensor("z", OnnxWriter::uint8, {}, std::string(1, '\x80'));
  w.node("DequantizeLinear", {"x", "s", "z"}, {"xd"});
  w.node("Sigmoid", {"xd"}, {"h"}, {}, "h");
  w.node("QuantizeLinear", {"h", "s", "z"}, {"hq"});
  w.output("hq", {}, OnnxWriter::uint8);
  const ir::Graph graph = import_all(w.file()).model.graph;
  CHECK(nodes_of(graph) == "h:sigmoid");
  CHECK(graph.tensor(graph.outputs.front()).quantization == network::per_tensor(0.5, 0));
}

TEST_CASE("single operators are lowered with their windows, constants and axes", "[import]") {
  CHECK(shape_of(one_node("ReduceMean", {attribute("axes", List{-1, 2})})) == "[1, 2, 1, 1]");
  CHECK(shape_of(one_node("ReduceMean", {attribute("keepdims", std::int64_t{0})}, {"axes"}, 18)) == "[1, 2]");
  CHECK(shape_of(one_node("AveragePool", {attribute("kernel_shape", List{2, 3})})) == "[1, 2, 3, 2]");
  CHECK(shape_of(one_node("Flatten")) == "[1, 32]");
  CHECK(shape_of(one_node("Squeeze", {}, {}, 17, {1, 3, 1})) == "[1, 3]");
  CHECK(shape_of(one_node("Unsqueeze", {attribute("axes", List{2})}, {}, 11)) == "[1, 2, 1, 4, 4]");
  const ir::Model scaled = import_model(one_node("Mul", {}, {"half"}));
  CHECK(numbers<float>(scaled, "half") == std::vector<float>{0.5F, 0.5F});
  CHECK(numbers<float>(import_model(one_node("Add", {}, {"six"})), "six") == std::vector<float>{6, 7});
  CHECK(
      nodes_of(import_model(one_node("Clip", {attribute("min", 0.0), attribute("max", 6.0)}, {}, 9)).graph) ==
      "n:relu6");
  CHECK(nodes_of(import_model(one_node("Relu")).graph) == "n:relu");
}

TEST_CASE("a constant matrix is turned before a product", "[import]") {
  OnnxWriter w;
  w.input("x", {1, 3});
  w.constant("fc.weight", OnnxWriter::float32, {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  w.node("Transpose", {"fc.weight"}, {"t"}, {attribute("perm", List{1, 0})});
  w.node("MatMul", {"x", "t"}, {"y"});
  w.output("y", {1, 2});
  const ir::Model model = import_model(w.file());
  CHECK(nodes_of(model.graph) == "fc:fully_connected");
  CHECK(numbers<float>(model, "fc.weight") == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(refusal(one_node("Transpose")) == "net.onnx: node 0 (Transpose, 'n'): turns the axes of values");
}

TEST_CASE("zeros around an image are the padding of the convolution behind", "[import]") {
  OnnxWriter w;
  w.input("x", {1, 1, 4, 4});
  w.constant("pads", OnnxWriter::int64, {8}, List{0, 0, 1, 0, 0, 0, 0, 2});
  w.constant("c.weight", OnnxWriter::float32, {1, 1, 1, 1}, std::vector<float>{1});
  w.node("Pad", {"x", "pads"}, {"p"});
  w.node("Conv", {"p", "c.weight"}, {"y"}, {attribute("pads", List{1, 1, 1, 1})});
  w.output("y", {});
  const ir::Graph graph = import_model(w.file()).graph;
  CHECK(nodes_of(graph) == "c:conv");
  CHECK(ir::call_of(graph, graph.nodes[0]).integers("padding") == List{2, 1, 1, 3});
}

TEST_CASE("weights in a file beside the ONNX file are read, from nowhere else", "[import]") {
  const auto with_location = [](const std::string& location) {
    OnnxWriter w;
    w.input("x", {1, 1, 4, 4});
    w.tensor("c.weight", OnnxWriter::float32, {1, 1, 1, 1}, "", location);
    w.node("Conv", {"x", "c.weight"}, {"y"});
    w.output("y", {});
    return w.file();
  };
  const test::TempDir folder;
  base::write_text(folder / "net.onnx", with_location("net.data"));
  base::write_text(folder / "net.data", std::string("\0\0\x80\x3f", 4));
  const network::Imported imported = network::load_model(folder / "net.onnx");
  CHECK(imported.format == "ONNX");
  CHECK(numbers<float>(imported.model, "c.weight") == std::vector<float>{1});
  base::write_text(folder / "net.data", "\x01\x02\x03");
  CHECK_THROWS_AS(network::load_model(folder / "net.onnx"), base::UserError);
  for (const char* location : {"../net.data", "/etc/hostname", "..", ""}) {
    INFO(location);
    base::write_text(folder / "net.onnx", with_location(location));
    CHECK_THROWS_AS(network::load_model(folder / "net.onnx"), base::UserError);
  }
  CHECK(refusal(with_location("net.data")) ==
        "net.onnx: tensor 'c.weight': lies in another file, 'net.data'");
}

TEST_CASE("of other domains, pairs of quantise and dequantise alone are read from ONNX Runtime's",
          "[import]") {
  const auto chain = [](const std::string& domain, bool relu) {
    OnnxWriter w;
    w.domain = domain;
    w.input("x", {1, 2});
    w.scalar("s", 0.5F);
    w.tensor("z", OnnxWriter::int8, {}, std::string(1, '\0'));
    w.node("QuantizeLinear", {"x", "s", "z"}, {"q"}, {}, "quantize");
    w.node("DequantizeLinear", {"q", "s", "z"}, {"y"}, {}, "dequantize");
    if (relu) w.node("Relu", {"y"}, {"r"}, {}, "relu");
    w.output(relu ? "r" : "y", {1, 2});
    return w.file();
  };
  CHECK(nodes_of(import_model(chain("com.microsoft", false)).graph) ==
        nodes_of(import_model(chain("", false)).graph));
  CHECK(nodes_of(import_model(chain("ai.onnx", true)).graph) ==
        nodes_of(import_model(chain("", true)).graph));
  CHECK(refusal(chain("com.microsoft", true)).find("(Relu, 'relu'): of 'com.microsoft' is not supported") !=
        std::string::npos);
  CHECK(refusal(chain("other", false)).find("(QuantizeLinear, 'quantize'): of 'other' is not supported") !=
        std::string::npos);
}

TEST_CASE("the seeds of the ONNX fuzzer are what the writer writes", "[import]") {
  const std::string folder = test::source_dir() + "/tests/fuzz/corpus/onnx/";
  const bool write = std::getenv("FRUGAL_WRITE_SEEDS") != nullptr;
  for (const auto& [name, bytes] : test::onnx_seeds()) {
    const std::string path = folder + name + ".onnx";
    if (write) base::write_text(path, bytes);
    CHECK(base::read_text(path) == bytes);
  }
}
