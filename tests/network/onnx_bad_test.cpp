// ONNX files that are refused: damaged, of shapes, numbers and operators that are not supported, with
// circles.
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "support/message_of.h"
#include "support/onnx_import.h"
#include "support/onnx_writer.h"
#include "support/test.h"

using namespace frugal;
using network::onnx::attribute;
using test::import_model;
using test::nodes_of;
using test::one_node;
using test::OnnxWriter;
using test::refusal;
using List = std::vector<std::int64_t>;

namespace {

// x → QuantizeLinear → DequantizeLinear → y, with what a test wants to be wrong.
std::string pair(float scale, int type, float second_scale, const std::vector<float>& scales = {}) {
  OnnxWriter w;
  w.input("x", {1, 2});
  if (scales.empty()) {
    w.scalar("s", scale);
    w.tensor("z", type, {}, std::string(type == OnnxWriter::int64 ? 8 : 1, '\0'));
  } else {
    w.constant("s", OnnxWriter::float32, {static_cast<std::int64_t>(scales.size())}, scales);
    w.tensor("z", type, {static_cast<std::int64_t>(scales.size())}, std::string(scales.size(), '\0'));
  }
  w.scalar("s2", second_scale);
  w.node("QuantizeLinear", {"x", "s", "z"}, {"q"}, {}, "quantize");
  w.node("DequantizeLinear", {"q", "s2", "z"}, {"y"}, {}, "dequantize");
  w.output("y", {1, 2});
  return w.file();
}

}  // namespace

TEST_CASE("an ONNX file cut off anywhere is refused", "[import]") {
  for (const auto& [name, file] : test::onnx_seeds()) {
    for (std::size_t size = 0; size < file.size(); ++size) {
      INFO(name << " " << size);
      CHECK_THROWS_AS(import_model(file.substr(0, size)), base::UserError);
    }
  }
}

TEST_CASE("ONNX nodes that are not supported are named with their place", "[import]") {
  CHECK(refusal(one_node("LSTM")) == "net.onnx: node 0 (LSTM, 'n'): is not supported");
  CHECK(refusal(one_node("Gather", {}, {"axes"})) == "net.onnx: node 0 (Gather, 'n'): chooses among values");
  CHECK(refusal(one_node("MaxPool", {attribute("kernel_shape", List{3, 3}), attribute("strides", List{2, 2}),
                                     attribute("ceil_mode", std::int64_t{1})})) ==
        "net.onnx: node 0 (MaxPool, 'n'): rounds its size up (ceil_mode), which is not supported");
  CHECK(refusal(one_node("AveragePool",
                         {attribute("kernel_shape", List{3, 3}), attribute("pads", List{1, 1, 1, 1}),
                          attribute("count_include_pad", std::int64_t{1})})) ==
        "net.onnx: node 0 (AveragePool, 'n'): counts padding in its mean");
  CHECK(refusal(one_node("Clip", {attribute("min", -1.0), attribute("max", 1.0)}, {}, 9)) ==
        "net.onnx: node 0 (Clip, 'n'): clamps to [-1, 1] in float");
  CHECK(refusal(one_node("Pad", {}, {"pads"})) ==
        "net.onnx: output 'y': is padded, and no convolution follows");
  CHECK(refusal(one_node("Relu", {}, {}, 6)) == "net.onnx: has operator set 6");
  CHECK(refusal(one_node("Add", {}, {"w1"})) ==
        "net.onnx: node 0 (Add, 'n'): takes [1, 2, 4, 4] and a constant [2, 2, 1, 1]");
}

TEST_CASE("ONNX shapes that are not fixed, empty or too large are refused", "[import]") {
  const std::int64_t most = std::int64_t{1} << 31;
  CHECK(refusal(one_node("Relu", {}, {}, 17, {1, 2, -1, 4})) ==
        "net.onnx: input 'x': has the shape [1, 2, -1, 4]");
  CHECK(refusal(one_node("Relu", {}, {}, 17, {1, 2, 0, 4})) ==
        "net.onnx: input 'x': has the shape [1, 2, 0, 4]");
  CHECK(refusal(one_node("Relu", {}, {}, 17, {1, most, most, 4})) ==
        "net.onnx: input 'x': has the shape [1, 2147483648, 2147483648, 4]");
  // No file holds this many numbers: the scalar is not spread over them.
  CHECK(refusal(one_node("Add", {}, {"half"}, 17, {1, most - 1, 1, 1})) ==
        "net.onnx: node 0 (Add, 'n'): uses the same numbers again and again");
  OnnxWriter w;
  w.tensor("t", OnnxWriter::float32, {most, most, most}, "abcd");
  CHECK(refusal(w.file()) == "net.onnx: tensor 't': has the shape [2147483648, 2147483648, 2147483648]");
  OnnxWriter few;
  few.tensor("t", OnnxWriter::float32, {3}, "abcd");
  CHECK(refusal(few.file()) == "net.onnx: tensor 't': has 1 numbers for the shape [3]");
}

TEST_CASE("scales of zero, NaN or infinity, and other types, are refused in ONNX", "[import]") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const std::string place = "net.onnx: node 0 (QuantizeLinear, 'quantize'): ";
  CHECK(refusal(pair(0, OnnxWriter::int8, 1)) ==
        place + "'quantize' has the scale 0.000000, which is no positive number");
  CHECK(refusal(pair(nan, OnnxWriter::int8, 1)) ==
        place + "'quantize' has the scale nan, which is no positive number");
  CHECK(refusal(pair(inf, OnnxWriter::int8, 1)) ==
        place + "'quantize' has the scale inf, which is no positive number");
  CHECK(refusal(pair(1, OnnxWriter::int64, 1)) == place + "has a zero point of INT64");
  CHECK(refusal(pair(1, OnnxWriter::int8, 1, {1, 2})) ==
        place + "has a scale for each channel of an activation, not for all");
  CHECK(refusal(pair(1, OnnxWriter::int8, 2)) ==
        "net.onnx: node 1 (DequantizeLinear, 'dequantize'): has another scale or zero point than the "
        "QuantizeLinear before it");
  OnnxWriter w;
  w.input("x", {1, 2}, 11);
  CHECK(refusal(w.file()) == "net.onnx: input 'x': is DOUBLE");
}

TEST_CASE("numbers of other types are refused where a node computes with them", "[import]") {
  const auto with_weight = [](int type, const std::string& bytes) {
    OnnxWriter w;
    w.input("x", {1, 1, 4, 4});
    w.tensor("flag", 9, {}, std::string(1, '\0'));
    w.tensor("w", type, {1, 1, 1, 1}, bytes);
    w.node("Dropout", {"x", "", "flag"}, {"d"});
    w.node("Conv", {"d", "w"}, {"y"}, {}, "c");
    w.output("y", {});
    return w.file();
  };
  CHECK(nodes_of(import_model(with_weight(OnnxWriter::float32, "abcd")).graph) == "c:conv");
  CHECK(refusal(with_weight(10, "ab")) == "net.onnx: node 1 (Conv, 'c'): takes 'w', which is FLOAT16");
  CHECK(refusal(with_weight(OnnxWriter::int8, "a")) ==
        "net.onnx: node 1 (Conv, 'c'): takes 'w', which is INT8");
}

TEST_CASE("ONNX circles, missing values and values that are given twice are refused", "[import]") {
  OnnxWriter circle;
  circle.input("x", {1, 2});
  circle.node("Add", {"x", "b"}, {"a"}, {}, "a");
  circle.node("Add", {"x", "a"}, {"b"}, {}, "b");
  circle.output("b", {});
  CHECK(refusal(circle.file()) == "net.onnx: node 0 (Add, 'a'): reads 'b' before a node gives it");
  OnnxWriter twice;
  twice.input("x", {1, 2});
  twice.node("Relu", {"x"}, {"y"}, {}, "a");
  twice.node("Relu", {"x"}, {"y"}, {}, "b");
  twice.output("y", {});
  CHECK(refusal(twice.file()) == "net.onnx: gives 'y' twice");
  OnnxWriter none;
  none.input("x", {1, 2});
  none.output("y", {});
  CHECK(refusal(none.file()) == "net.onnx: output 'y': is given by no node");
  CHECK(refusal(OnnxWriter().file()) == "net.onnx: has no input");
}
