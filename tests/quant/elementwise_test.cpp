// Operators without weights on int8: numbers of other programs, and what a gradient passes through.
#include <cmath>

#include "autodiff/backward.h"
#include "network/import/tflite.h"
#include "ops/ops.h"
#include "quant/head.h"
#include "quant/program.h"
#include "support/test.h"
#include "support/tflite_writer.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

ir::Model import(const test::TfliteWriter& writer) {
  const std::string file = writer.file();
  return network::import_tflite({reinterpret_cast<const unsigned char*>(file.data()), file.size()}, "net",
                                "net.tflite")
      .model;
}

}  // namespace

// LiteRT 2.1 (BUILTIN_REF): chosen so that rounding the exact mean would give another byte.
TEST_CASE("a MEAN of .tflite is LiteRT's, byte for byte, where the exact mean rounds otherwise", "[quant]") {
  test::TfliteWriter writer;
  const auto x = writer.value("x", {1, 1, 3, 4}, 2.431379795074463F, 2),
             axes = writer.add({.name = "axes",
                                .shape = {2},
                                .kind = test::TensorKind::int32,
                                .data = test::bytes_of(std::vector<std::int32_t>{1, 2})}),
             y = writer.value("y", {1, 4}, 4.82755708694458F, -93);
  writer.op(40, {x, axes}, {y}, 27, test::Flat::table());
  writer.inputs = {x};
  writer.outputs = {y};
  const ir::Model model = import(writer);
  const quant::Program program(model, "net");
  const quant::Parameters parameters(model, program.layouts());
  quant::Workspace workspace(program, parameters);
  struct Case {
    std::vector<std::int8_t> x, y;  // x: pixel by pixel
  };
  for (const Case& one :
       {Case{{-100, 29, 16, -106, -43, 13, 17, -24, 107, -62, -124, -64}, {-100, -98, -110, -127}},
        Case{{3, 1, 2, -1, 2, 0, 0, 1, 1, -1, 1, 4}, {-93, -94, -94, -94}},
        Case{{-9, 9, 115, -103, 63, 117, 74, -42, 56, -93, 47, -119}, {-75, -88, -54, -128}},
        Case{{-1, 2, 2, 5, 1, 0, 2, 5, 1, 3, 1, 4}, {-94, -93, -93, -91}},
        Case{{-106, 124, 89, 9, -49, 107, 43, 28, 4, 18, 7, 117}, {-120, -52, -70, -68}}}) {
    std::vector<std::int8_t> channels_first;
    for (std::size_t c = 0; c < 4; ++c) {
      for (std::size_t p = 0; p < 3; ++p) channels_first.push_back(one.x[4 * p + c]);
    }
    program.put<std::int8_t>(workspace, model.graph.inputs.front(), channels_first);
    program.run(workspace, ir::whole(program.graph()));
    CHECK(program.get<std::int8_t>(workspace, model.graph.outputs.front()) == one.y);
  }
}

TEST_CASE("floats become int8 with halves to the even number, for TensorFlow Lite away from zero",
          "[quant]") {
  const std::vector<float> x{0.5F, 1.5F, -0.5F, -2.5F, 2.49F, -2.51F, 1e9F, -1e9F};
  std::vector<std::int8_t> even(x.size()), away(x.size());
  ops_quantize(x.data(), even.data(), 8, 1, 1, OPS_FLOAT32_HALF_EVEN);
  ops_quantize(x.data(), away.data(), 8, 1, 1, OPS_TFLITE);
  CHECK(even == std::vector<std::int8_t>{1, 3, 1, -1, 3, -2, 127, -128});
  CHECK(away == std::vector<std::int8_t>{2, 3, 0, -2, 3, -2, 127, -128});
}

TEST_CASE("a scale far above 1 saturates, whatever the sum", "[quant]") {
  const float scale = 3e8F;
  const std::int32_t multiplier = 1200000000, shift = 29;
  for (const std::int32_t rounding : {OPS_FLOAT32_HALF_EVEN, OPS_TFLITE, OPS_INTEGER}) {
    const ops_requantize to{rounding, 0, 0, -128, 127, &scale, &multiplier, &shift};
    const std::vector<std::int8_t> x{-128, -16, -1, 0, 1, 7, 127};
    std::vector<std::int8_t> y(x.size());
    ops_requantize_i8(x.data(), y.data(), nullptr, 7, &to);
    CHECK(y == std::vector<std::int8_t>{-128, -128, -128, 0, 127, 127, 127});
  }
}

TEST_CASE("a gradient ends where a sum's or a requantize's activation clamped", "[quant]") {
  for (const bool relu : {false, true}) {
    ir::Model model = test::tiny_int8_model(1);
    for (ir::Node& node : model.graph.nodes) {
      if (model.graph.name_of(node) != "sum") continue;
      // A ReLU whose zero is the least number of int8: the clamp is all of int8, but not of the sums.
      if (relu) model.graph.tensor(node.output).quantization->zero_point = {-128};
    }
    const auto layers = autodiff::layers_with_weights(model.graph);
    const auto training = autodiff::with_backward(model, {{layers[3], true, true, {}}}, "tiny");
    bool masked = false;
    for (const ir::Node& node : training.model.graph.nodes) {
      if (training.model.graph.name_of(node) == "sum") masked = node.mask != ir::none;
    }
    CHECK(masked == relu);
  }

  test::TfliteWriter writer;  // two convolutions, a RELU of another scale between them
  const auto x = writer.value("x", {1, 3, 3, 1}), middle = writer.value("m", {1, 3, 3, 1}),
             relu = writer.value("r", {1, 3, 3, 1}, 0.25F, -10), y = writer.value("y", {1, 3, 3, 1});
  const auto kernel =
      writer.add({.name = "k", .shape = {1, 1, 1, 1}, .scale = {1}, .zero_point = {0}, .data = "\x01"});
  const auto flat = writer.value("flat", {1, 9}), out = writer.value("out", {1, 2});
  const auto head = writer.add({.name = "h",
                                .shape = {2, 9},
                                .scale = {1},
                                .zero_point = {0},
                                .data = std::string(9, '\1') + std::string(9, '\2')});
  writer.op(3, {x, kernel}, {middle}, 1, test::conv_options(test::same, 1));
  writer.op(19, {middle}, {relu});
  writer.op(3, {relu, kernel}, {y}, 1, test::conv_options(test::same, 1));
  writer.op(22, {y}, {flat});
  writer.op(9, {flat, head}, {out}, 8);
  writer.inputs = {x};
  writer.outputs = {out};
  const ir::Model model = quant::with_float_head(import(writer), 0, 1, "net");
  const auto training = autodiff::with_backward(model, {{0, true, false, {}}}, "net");
  const quant::Program program(training.model, "net", quant::Program::Memory::keep_all);
  const quant::Parameters parameters(training.model, program.layouts());
  quant::Workspace workspace(program, parameters);
  const std::vector<std::int8_t> image{-40, -10, -1, 0, 1, 10, 20, 60, 100};
  program.put<std::int8_t>(workspace, training.image, image);
  *workspace.at<std::int32_t>(training.label) = 0;
  program.run(workspace, ir::whole(program.graph()));
  const auto& graph = training.model.graph;
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    if (graph.tensors[i].name != "relu_0.sum_gradient") continue;
    const auto gradient = program.get<float>(workspace, static_cast<ir::TensorId>(i));
    for (std::size_t p = 0; p < image.size(); ++p)
      CHECK((gradient[p] != 0) == (image[p] >= 0 && image[p] < 69));
    return;
  }
  FAIL("no gradient of the requantize");
}
