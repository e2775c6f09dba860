// What .tflite files become, number by number, from files that tests/support/tflite_writer.h writes. Networks
// of others are in published_test.cpp, files that are refused in tflite_bad_test.cpp.
#include "network/import/tflite.h"

#include <cstdlib>
#include <fstream>

#include "base/file.h"
#include "ir/text.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tflite_writer.h"

using namespace frugal;
using test::Flat;
using test::TfliteWriter;
using List = std::vector<std::int64_t>;

namespace {

ir::Model import(const std::string& file) {
  return network::import_tflite({reinterpret_cast<const unsigned char*>(file.data()), file.size()}, "net",
                                "net.tflite")
      .model;
}

ir::TensorId id_of(const ir::Graph& graph, const std::string& name) {
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    if (graph.tensors[i].name == name) return static_cast<ir::TensorId>(i);
  }
  FAIL("no tensor " << name);
  return ir::none;
}

template <typename T>
std::vector<T> numbers(const ir::Model& model, const std::string& name) {
  const auto values = model.values<T>(id_of(model.graph, name));
  return {values.begin(), values.end()};
}

const ir::Node& node_of(const ir::Graph& graph, const std::string& name) {
  for (const ir::Node& node : graph.nodes) {
    if (graph.name_of(node) == name) return node;
  }
  throw std::runtime_error("no node " + name);
}

List attribute(const ir::Graph& graph, const std::string& node, const char* name) {
  return ir::call_of(graph, node_of(graph, node)).integers(name);
}

// image [1, size, size, 1] → one convolution with a kernel.
struct OneConvolution {
  int size = 5, kernel = 3, stride = 1, dilation = 1, padding = test::same, activation = 0;
  float scale = 0.5F;
  std::int64_t zero_point = 0;
  int out = 5;

  TfliteWriter writer() const {
    TfliteWriter w;
    const auto x = w.value("x", {1, size, size, 1});
    const std::vector<std::int8_t> weight(static_cast<std::size_t>(kernel * kernel), 1);
    const auto k = w.add({.name = "w",
                          .shape = {1, kernel, kernel, 1},
                          .scale = {1},
                          .zero_point = {0},
                          .data = test::bytes_of(weight)});
    const auto y = w.value("y", {1, out, out, 1}, scale, zero_point);
    w.op(3, {x, k}, {y}, 1, test::conv_options(padding, stride, activation, dilation));
    w.inputs = {x};
    w.outputs = {y};
    return w;
  }
};

}  // namespace

TEST_CASE("a small .tflite file becomes the graph that it describes", "[import]") {
  const ir::Model model = import(test::small_tflite().file());
  CHECK(ir::to_text(model.graph) == R"(graph net {
  input image: i8[1, 2, 5, 4] quantised(scale = [0.5], zero_point = [3])
  parameter conv0.weight: i8[3, 2, 3, 3] quantised(scale = [0.25, 0.5, 1], zero_point = [0, 0, 0], axis = 0)
  parameter conv0.bias: i32[3] quantised(scale = [0.125, 0.25, 0.5], zero_point = [0, 0, 0], axis = 0)
  conv0: i8[1, 3, 3, 2] quantised(scale = [0.10000000149011612], zero_point = [-128]) = conv(image, conv0.weight, conv0.bias) {out_channels = 3, bias = 1, kernel = [3, 3], stride = [2, 2], padding = [1, 0, 1, 1], dilation = [1, 1], rounding = "tflite"}
  parameter depthwise1.weight: i8[3, 1, 3, 3] quantised(scale = [0.25, 0.5, 1], zero_point = [0, 0, 0], axis = 0)
  depthwise1: i8[1, 3, 3, 2] quantised(scale = [0.20000000298023224], zero_point = [4]) = depthwise_conv(conv0, depthwise1.weight) {kernel = [3, 3], stride = [1, 1], padding = [1, 1, 1, 1], dilation = [1, 1], rounding = "tflite"}
  add0: i8[1, 3, 3, 2] quantised(scale = [0.30000001192092896], zero_point = [5]) = add(conv0, depthwise1) {rounding = "tflite", clamp = [5, 25]}
  average_pool0: i8[1, 3, 1, 1] quantised(scale = [0.30000001192092896], zero_point = [5]) = average_pool(add0) {kernel = [3, 2], stride = [1, 1], padding = [0, 0, 0, 0], dilation = [1, 1], rounding = "tflite"}
  flatten0: i8[1, 3] quantised(scale = [0.30000001192092896], zero_point = [5]) = flatten(average_pool0)
  parameter dense0.weight: i8[2, 3] quantised(scale = [0.125], zero_point = [0])
  parameter dense0.bias: i32[2] quantised(scale = [0.03750000149011612], zero_point = [0])
  dense0: i8[1, 2] quantised(scale = [0.4000000059604645], zero_point = [6]) = fully_connected(flatten0, dense0.weight, dense0.bias) {out_features = 2, rounding = "tflite"}
  softmax0: i8[1, 2] quantised(scale = [0.00390625], zero_point = [-128]) = softmax(dense0) {rounding = "tflite"}
  output softmax0
}
)");
  // [out, h, w, in] = 18 o + 6 h + 2 w + i becomes [out, in, h, w].
  const auto conv = numbers<std::int8_t>(model, "conv0.weight");
  for (int o = 0, at = 0; o < 3; ++o) {
    for (int i = 0; i < 2; ++i) {
      for (int h = 0; h < 3; ++h) {
        for (int w = 0; w < 3; ++w, ++at)
          CHECK(conv[static_cast<std::size_t>(at)] == 18 * o + 6 * h + 2 * w + i);
      }
    }
  }
  // [1, h, w, c] = −(9 h + 3 w + c) becomes [c, 1, h, w].
  const auto depthwise = numbers<std::int8_t>(model, "depthwise1.weight");
  for (int c = 0, at = 0; c < 3; ++c) {
    for (int h = 0; h < 3; ++h) {
      for (int w = 0; w < 3; ++w, ++at)
        CHECK(depthwise[static_cast<std::size_t>(at)] == -(9 * h + 3 * w + c));
    }
  }
  CHECK(numbers<std::int32_t>(model, "conv0.bias") == std::vector<std::int32_t>{7, -8, 9});
  CHECK(numbers<std::int8_t>(model, "dense0.weight") == std::vector<std::int8_t>{0, 10, 20, 30, 40, 50});
}

TEST_CASE("a float image, a pad, a relu and a mean are lowered", "[import]") {
  const std::string file = test::float_image_tflite().file();
  const network::Imported imported = network::import_tflite(
      {reinterpret_cast<const unsigned char*>(file.data()), file.size()}, "net", "net.tflite");
  const ir::Graph& graph = imported.model.graph;
  CHECK(imported.notes.empty());
  CHECK(ir::call_of(graph, node_of(graph, "mean0")).text("rounding") == "tflite");
  CHECK(ir::call_of(graph, node_of(graph, "quantize0")).text("rounding") == "tflite");
  std::vector<std::string> nodes;
  for (const ir::Node& node : graph.nodes) nodes.push_back(graph.name_of(node) + " " + node.op->name);
  // The pad is in the convolution, the relu in the pool.
  CHECK(nodes == std::vector<std::string>{"quantize0 quantize", "conv0 conv", "max_pool0 max_pool",
                                          "mean0 global_average_pool", "flatten0 flatten",
                                          "dequantize0 dequantize"});
  CHECK(attribute(graph, "conv0", "padding") == List{1, 2, 2, 0});
  CHECK(attribute(graph, "conv0", "clamp") == List{-20, 40});
  CHECK(attribute(graph, "max_pool0", "clamp") == List{-20, 127});
  CHECK(graph.tensor(graph.inputs.at(0)).type == ir::DataType::float32);
  CHECK(graph.tensor(graph.outputs.at(0)).type == ir::DataType::float32);
}

TEST_CASE("padding SAME has TensorFlow's sides, the odd one behind", "[import]") {
  struct Case {
    OneConvolution conv;
    List padding;
  };
  // tensorflow/lite/kernels/padding.h: total = max((out − 1) · stride + span − in, 0), the smaller half
  // first.
  for (const Case& one : {Case{{.size = 5, .kernel = 3, .stride = 1, .out = 5}, {1, 1, 1, 1}},
                          Case{{.size = 6, .kernel = 3, .stride = 2, .out = 3}, {0, 0, 1, 1}},
                          Case{{.size = 5, .kernel = 4, .stride = 1, .out = 5}, {1, 1, 2, 2}},
                          Case{{.size = 6, .kernel = 1, .stride = 2, .out = 3}, {0, 0, 0, 0}},
                          Case{{.size = 7, .kernel = 3, .stride = 1, .dilation = 2, .out = 7}, {2, 2, 2, 2}},
                          Case{{.size = 7, .kernel = 3, .padding = test::valid, .out = 5}, {0, 0, 0, 0}}}) {
    INFO(one.conv.size << " " << one.conv.kernel << " " << one.conv.stride);
    CHECK(attribute(import(one.conv.writer().file()).graph, "conv0", "padding") == one.padding);
  }
}

TEST_CASE("fused activations become the range that TensorFlow Lite computes", "[import]") {
  struct Case {
    int activation;
    float scale;
    std::int64_t zero_point;
    List clamp;
  };
  for (const Case& one :
       {Case{0, 0.1F, 3, {-128, 127}}, Case{1, 0.1F, 3, {3, 127}}, Case{1, 0.1F, -128, {-128, 127}},
        Case{3, 0.05F, -128, {-128, -8}}, Case{3, 0.01F, 0, {0, 127}}, Case{2, 0.04F, 1, {-24, 26}}}) {
    INFO(one.activation << " " << one.scale << " " << one.zero_point);
    const OneConvolution conv{.activation = one.activation, .scale = one.scale, .zero_point = one.zero_point};
    CHECK(attribute(import(conv.writer().file()).graph, "conv0", "clamp") == one.clamp);
  }
}

TEST_CASE("a relu is a node of its own where its scale differs or others read what it takes", "[import]") {
  for (const bool shared : {false, true}) {
    TfliteWriter w = OneConvolution{.zero_point = -10}.writer();
    const auto relu = w.value("relu", {1, 5, 5, 1}, shared ? 0.5F : 0.25F, -10);
    w.op(19, {2}, {relu});
    w.outputs = {relu};
    if (shared) w.outputs.push_back(2);
    const ir::Graph graph = import(w.file()).graph;
    CHECK(attribute(graph, "conv0", "clamp") == List{-128, 127});
    CHECK(attribute(graph, "relu_0", "clamp") == List{-10, 127});
    CHECK(node_of(graph, "relu_0").op->name == std::string("requantize"));
  }
}

TEST_CASE("flattening an image puts the columns of what follows in the channels-first order", "[import]") {
  for (const bool reshape : {true, false}) {  // FULLY_CONNECTED flattens by itself too
    TfliteWriter w;
    const auto x = w.value("x", {1, 2, 2, 3}), flat = w.value("flat", {1, 12}), y = w.value("y", {1, 1});
    std::vector<std::int8_t> weight(12);
    for (std::size_t i = 0; i < 12; ++i) weight[i] = static_cast<std::int8_t>(i);
    const auto k = w.add(
        {.name = "w", .shape = {1, 12}, .scale = {1}, .zero_point = {0}, .data = test::bytes_of(weight)});
    if (reshape) w.op(22, {x}, {flat});
    w.op(9, {reshape ? flat : x, k}, {y}, 8);
    w.inputs = {x};
    w.outputs = {y};
    const ir::Model model = import(w.file());
    // Column c · 4 + h · 2 + w holds what stood at (h · 2 + w) · 3 + c.
    CHECK(numbers<std::int8_t>(model, "dense0.weight") ==
          std::vector<std::int8_t>{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11});
  }
}

TEST_CASE("other sizes of height and width, and a single channel, are reshaped; others are refused",
          "[import]") {
  const auto reshaped = [](const std::vector<std::int32_t>& from, const std::vector<std::int32_t>& to) {
    TfliteWriter w;
    const auto x = w.value("x", from), y = w.value("y", to);
    w.op(22, {x}, {y});
    w.inputs = {x};
    w.outputs = {y};
    return w.file();
  };
  CHECK(import(reshaped({1, 12}, {1, 4, 3, 1})).graph.tensors.back().shape == ir::Dims{1, 1, 4, 3});
  CHECK(import(reshaped({1, 6, 2}, {1, 1, 6, 2})).graph.tensors.back().shape == ir::Dims{1, 2, 1, 6});
  CHECK(import(reshaped({1, 2, 3, 1}, {1, 6})).graph.tensors.back().shape == ir::Dims{1, 6});
  CHECK(test::message_of([&] {
          import(reshaped({1, 12}, {1, 2, 2, 3}));
        }) == "net.tflite: operator 0 (RESHAPE, 'y'): makes [1, 3, 2, 2] of [1, 12] (channels first)");
  CHECK(test::message_of([&] {
          import(reshaped({2, 6}, {1, 12}));
        }) == "net.tflite: operator 0 (RESHAPE, 'y'): makes [1, 12] of [2, 6] (channels first)");
  CHECK(test::message_of([&] {
          import(reshaped({1, 2, 2, 3}, {1, 12}));
        }) == "net.tflite: output 'y': is a flattened image");
}

TEST_CASE("a batch size that the file computes for a reshape is passed over", "[import]") {
  // What TensorFlow writes for Flatten with any batch: SHAPE, STRIDED_SLICE, PACK, RESHAPE.
  TfliteWriter w;
  const auto x = w.value("x", {1, 1, 2, 1}), y = w.value("y", {1, 2});
  const auto number = [&](const std::string& name, const std::vector<std::int32_t>& values) {
    return w.add({.name = name,
                  .shape = {static_cast<std::int32_t>(values.size())},
                  .kind = test::TensorKind::int32,
                  .data = test::bytes_of(values)});
  };
  const auto sizes = w.add({.name = "sizes", .shape = {4}, .kind = test::TensorKind::int32});
  const auto batch = w.add({.name = "batch", .shape = {}, .kind = test::TensorKind::int32});
  const auto wanted = w.add({.name = "wanted", .shape = {2}, .kind = test::TensorKind::int32});
  const auto zero = number("zero", {0}), one = number("one", {1}), open = number("open", {-1});
  w.op(77, {x}, {sizes});
  w.op(45, {sizes, zero, one, one}, {batch});
  w.op(83, {batch, open}, {wanted});
  w.op(22, {x, wanted}, {y});
  w.inputs = {x};
  w.outputs = {y};
  const ir::Graph graph = import(w.file()).graph;
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.nodes[0].op->name == std::string("flatten"));
}

TEST_CASE("groups, a depth multiplier and per-tensor scales are read", "[import]") {
  TfliteWriter w;
  const auto x = w.value("x", {1, 2, 2, 4}), y = w.value("y", {1, 2, 2, 6}), z = w.value("z", {1, 2, 2, 12});
  const auto k = w.add({.name = "k",
                        .shape = {6, 1, 1, 2},
                        .scale = {0.5F},
                        .zero_point = {0},
                        .data = test::bytes_of(std::vector<std::int8_t>(12, 1))});
  const auto d = w.add({.name = "d",
                        .shape = {1, 1, 1, 12},
                        .scale = {0.5F},
                        .zero_point = {0},
                        .axis = 3,
                        .data = test::bytes_of(std::vector<std::int8_t>(12, 1))});
  w.op(3, {x, k}, {y}, 1, test::conv_options(test::valid, 1));
  w.op(4, {y, d}, {z}, 2, test::depthwise_options(test::valid, 1));
  w.inputs = {x};
  w.outputs = {z};
  const ir::Graph graph = import(w.file()).graph;
  CHECK(ir::call_of(graph, node_of(graph, "conv0")).integer("groups") == 2);
  CHECK(ir::call_of(graph, node_of(graph, "depthwise1")).integer("multiplier") == 2);
  CHECK(graph.tensor(id_of(graph, "conv0.weight")).quantization == network::per_tensor(0.5, 0));
}

TEST_CASE("the fuzzer's seeds are what the writer writes", "[import]") {
  const std::string folder = test::source_dir() + "/tests/fuzz/corpus/tflite/";
  const bool write = std::getenv("FRUGAL_WRITE_SEEDS") != nullptr;
  for (const auto& [name, bytes] : test::tflite_seeds()) {
    const std::string path = folder + name + ".tflite";
    if (write) base::write_text(path, bytes);
    CHECK(base::read_text(path) == bytes);
  }
}
