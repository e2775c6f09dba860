// .tflite files that are refused: each kind of bad input, with its place and what would be right.
#include <limits>

#include "network/import/tflite.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tflite_writer.h"

using namespace frugal;
using test::Flat;
using test::TensorKind;
using test::TfliteWriter;

namespace {

void import(const std::string& file) {
  network::import_tflite({reinterpret_cast<const unsigned char*>(file.data()), file.size()}, "net",
                         "net.tflite");
}

std::string refusal(const TfliteWriter& writer) {
  return test::message_of([&] { import(writer.file()); });
}

// x [1, 4, 4, 1] → conv 1 × 1 → y, with what a test wants to be wrong.
struct Convolution {
  std::vector<std::int32_t> in{1, 4, 4, 1}, weight{1, 1, 1, 1}, out{1, 4, 4, 1};
  float in_scale = 0.5F, weight_scale = 0.5F, out_scale = 0.5F;
  std::int64_t zero_point = 0, weight_zero_point = 0;
  TensorKind in_kind = TensorKind::int8, weight_kind = TensorKind::int8;
  std::string weight_data = std::string(1, 'x');
  std::int32_t code = 3;
  bool in_is_variable = false;

  TfliteWriter writer() const {
    TfliteWriter w;
    const auto x = w.add({.name = "x",
                          .shape = in,
                          .scale = {in_scale},
                          .zero_point = {zero_point},
                          .kind = in_kind,
                          .is_variable = in_is_variable});
    const auto k = w.add({.name = "w",
                          .shape = weight,
                          .scale = {weight_scale},
                          .zero_point = {weight_zero_point},
                          .kind = weight_kind,
                          .data = weight_data});
    const auto y = w.value("y", out, out_scale);
    w.op(code, {x, k}, {y}, 1, test::conv_options(test::valid, 1));
    w.inputs = {x};
    w.outputs = {y};
    return w;
  }
};

const std::string conv_place = "net.tflite: operator 0 (CONV_2D, 'y'): ";

}  // namespace

TEST_CASE("a .tflite file cut off anywhere is refused", "[import]") {
  for (const auto& [name, file] : test::tflite_seeds()) {
    for (std::size_t size = 0; size + 8 < file.size(); ++size) {
      INFO(name << " " << size);
      CHECK_THROWS_AS(import(file.substr(0, size)), base::UserError);
    }
  }
}

TEST_CASE("offsets outside a .tflite file are refused", "[import]") {
  // Every 32-bit word in turn: an offset, a length or a number. None may be read outside the file (this runs
  // under the sanitizers too), and the root must not.
  const std::string file = test::small_tflite().file();
  for (const std::uint32_t value : {0xffffffffU, 0x7fffffffU, 0x80000000U, 0x10000U}) {
    for (std::size_t at = 0; at + 4 <= file.size(); at += 4) {
      std::string changed = file;
      std::memcpy(changed.data() + at, &value, 4);
      const std::string said = test::message_of([&] { import(changed); });
      if (at == 0) CHECK(said.find("net.tflite: points at byte") == 0);
    }
  }
}

TEST_CASE("operators that are not supported are named with their place", "[import]") {
  CHECK(refusal(Convolution{.code = 44}.writer()) ==
        "net.tflite: operator 0 (UNIDIRECTIONAL_SEQUENCE_LSTM, 'y'): is not supported");
  CHECK(refusal(Convolution{.code = 4711}.writer()) ==
        "net.tflite: operator 0 (operator code 4711, 'y'): is not supported");
  try {
    import(Convolution{.code = 14}.writer().file());
    FAIL("was not refused");
  } catch (const base::UserError& error) {
    CHECK(
        error.hint() ==
        "supported are ADD, AVERAGE_POOL_2D, CONV_2D, DEPTHWISE_CONV_2D, DEQUANTIZE, EXPAND_DIMS, "
        "FULLY_CONNECTED, MAX_POOL_2D, MEAN, PACK, PAD, QUANTIZE, RELU, RELU6, RELU_N1_TO_1, RESHAPE, SHAPE, "
        "SOFTMAX, SQUEEZE, STRIDED_SLICE");
  }
  CHECK(refusal(Convolution{.in_is_variable = true}.writer()) ==
        conv_place + "keeps a state in 'x', which is not supported");
}

TEST_CASE("shapes without elements or with 2^31 of them are refused", "[import]") {
  const std::int32_t most = std::numeric_limits<std::int32_t>::max();
  CHECK(refusal(Convolution{.in = {1, most, most, 1}}.writer()) ==
        "net.tflite: tensor 'x': has the shape [1, 2147483647, 2147483647, 1]");
  CHECK(refusal(Convolution{.in = {1, 4, 0, 1}}.writer()) ==
        "net.tflite: tensor 'x': has the shape [1, 4, 0, 1]");
  CHECK(refusal(Convolution{.in = {1, 4, -4, 1}}.writer()) ==
        "net.tflite: tensor 'x': has the shape [1, 4, -4, 1]");
  CHECK(refusal(Convolution{.weight = {most, most, most, 1}}.writer()) ==
        conv_place + "has weights [2147483647, 2147483647, 2147483647, 1] in 1 bytes");
  CHECK(refusal(Convolution{.out = {1, 5, 4, 1}}.writer()) ==
        conv_place + "gives [1, 1, 4, 4] (channels first), but the file says [1, 1, 5, 4]");
}

TEST_CASE("scales of zero, NaN or infinity and zero points outside int8 are refused", "[import]") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  struct Case {
    float scale;
    const char* text;
  };
  for (const Case& bad : {Case{0, "0.000000"}, Case{nan, "nan"}, Case{inf, "inf"}, Case{-1, "-1.000000"}}) {
    const std::string end = std::string(" has the scale ") + bad.text + ", which is no positive number";
    CHECK(refusal(Convolution{.in_scale = bad.scale}.writer()) == "net.tflite: input 'x': 'x'" + end);
    CHECK(refusal(Convolution{.weight_scale = bad.scale}.writer()) == conv_place + "the weight" + end);
    CHECK(refusal(Convolution{.out_scale = bad.scale}.writer()) == conv_place + "'y'" + end);
  }
  CHECK(refusal(Convolution{.zero_point = 128}.writer()) ==
        "net.tflite: input 'x': 'x' has the zero point 128, outside int8");
  CHECK(refusal(Convolution{.weight_zero_point = 1}.writer()) ==
        conv_place + "has weights with a zero point");
}

TEST_CASE("other types than int8 are refused", "[import]") {
  CHECK(refusal(Convolution{.in_kind = TensorKind::uint8}.writer()) == "net.tflite: input 'x': is UINT8");
  CHECK(refusal(Convolution{.in_kind = TensorKind::float32}.writer()) ==
        conv_place + "takes 'x', which is FLOAT32");
  CHECK(refusal(Convolution{.weight_kind = TensorKind::float32}.writer()) ==
        conv_place + "has weights of FLOAT32");
  CHECK(refusal(Convolution{.weight_data = ""}.writer()) == conv_place + "has weights that are computed");
  CHECK(refusal(Convolution{.weight_data = "xy"}.writer()) ==
        conv_place + "has weights [1, 1, 1, 1] in 2 bytes");
}

TEST_CASE("a circle, a tensor that nothing gives and one that is given twice are refused", "[import]") {
  TfliteWriter circle;
  const auto x = circle.value("x", {1, 4}), a = circle.value("a", {1, 4}), b = circle.value("b", {1, 4});
  circle.op(0, {x, b}, {a}, 11);
  circle.op(0, {x, a}, {b}, 11);
  circle.inputs = {x};
  circle.outputs = {b};
  CHECK(refusal(circle) == "net.tflite: operator 0 (ADD, 'a'): reads 'b' before an operator gives it");

  TfliteWriter twice = Convolution{}.writer();
  twice.op(3, {0, 1}, {2}, 1, test::conv_options(test::valid, 1));
  CHECK(refusal(twice) == "net.tflite: operator 1 (CONV_2D, 'y'): gives 'y', which is given already");

  TfliteWriter none = Convolution{}.writer();
  none.outputs = {none.value("z", {1, 4})};
  CHECK(refusal(none) == "net.tflite: output 'z': is given by no operator");
  none.outputs = {17};
  CHECK(refusal(none) == "net.tflite: the list of outputs names tensor 17, of 4");
}

TEST_CASE("other files than .tflite version 3 with one graph are refused", "[import]") {
  TfliteWriter two = Convolution{}.writer();
  two.subgraphs = 2;
  CHECK(refusal(two) == "net.tflite: has 2 subgraphs; 1 is supported");
  TfliteWriter old = Convolution{}.writer();
  old.version = 2;
  CHECK(refusal(old) == "net.tflite: has version 2 of the format; 3 is supported");
  TfliteWriter empty = Convolution{}.writer();
  empty.inputs = {};
  CHECK(refusal(empty) == "net.tflite: has no input");
}

TEST_CASE("values are not taken for the sizes of a shape, nor sizes for values", "[import]") {
  TfliteWriter w;
  const auto x = w.value("x", {1, 4}), y = w.value("y", {1, 4});
  const auto sizes = w.add({.name = "sizes", .shape = {2}, .kind = TensorKind::int32});
  w.inputs = {x};
  w.outputs = {y};
  TfliteWriter slice = w;
  slice.op(45, {x}, {sizes});
  CHECK(refusal(slice) == "net.tflite: operator 0 (STRIDED_SLICE, 'sizes'): takes 'x'");
  TfliteWriter sum = w;
  sum.op(77, {x}, {sizes});
  sum.op(0, {x, sizes}, {y}, 11);
  CHECK(refusal(sum) == "net.tflite: operator 1 (ADD, 'y'): takes 'sizes', which holds sizes of a shape");
  w.op(77, {x}, {sizes});
  w.outputs = {sizes};
  CHECK(refusal(w) == "net.tflite: output 'sizes': holds sizes of a shape");
}

TEST_CASE("what no convolution takes up of a pad is refused", "[import]") {
  const auto padded = [](const std::vector<std::int32_t>& sides, std::int32_t height) {
    TfliteWriter w;
    const auto x = w.value("x", {1, 4, 4, 2}), y = w.value("y", {1, height, 4, 2}),
               z = w.value("z", {1, 5, 4, 2});
    const auto s =
        w.add({.name = "s", .shape = {4, 2}, .kind = TensorKind::int32, .data = test::bytes_of(sides)});
    w.op(34, {x, s}, {y});
    w.op(17, {y}, {z}, 5, test::pool_options(test::valid, 1, 1, 1));
    w.inputs = {x};
    w.outputs = {z};
    return w;
  };
  CHECK(refusal(padded({0, 0, 1, 0, 0, 0, 0, 0}, 5)) ==
        "net.tflite: operator 1 (MAX_POOL_2D, 'z'): takes what a PAD gives");
  CHECK(refusal(padded({0, 0, 1, 0, 0, 0, 0, 1}, 5)) ==
        "net.tflite: operator 0 (PAD, 'y'): pads batch or channels, or by a negative number");
  CHECK(refusal(padded({0, 0, 1, 0, 0, 0, 0, 0}, 6)) ==
        "net.tflite: operator 0 (PAD, 'y'): makes [1, 2, 6, 4] of [1, 2, 4, 4] (channels first)");
}
