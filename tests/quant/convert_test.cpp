// From a float network to int8: folding by hand, which layers take an activation, scales of weights and
// biases, and every network that is refused.
#include <cmath>
#include <limits>

#include "ir/builder.h"
#include "ir/operator.h"
#include "quant/convert/fold.h"
#include "quant/convert/to_int8.h"
#include "quant/head.h"
#include "quant/program.h"
#include "support/float_model.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using test::message_of;
using test::tensor_named;

namespace {

using List = std::vector<std::int64_t>;

void set(ir::Model& model, const std::string& name, std::size_t place, float value) {
  model.values<float>(tensor_named(model.graph, name))[place] = value;
}

std::vector<quant::ValueRange> same_range(const ir::Model& folded, quant::ValueRange range) {
  return std::vector<quant::ValueRange>(folded.graph.tensors.size(), range);
}

quant::Int8Network convert(const ir::Model& model, const quant::Int8Choice& choice = {},
                           quant::ValueRange range = {-4, 4}) {
  const ir::Model folded = quant::fold(model, "net");
  const auto layers = quant::stored_layers(folded.graph, "net");
  return quant::to_int8(folded, layers, same_range(folded, range), choice, "net");
}

std::vector<float> numbers(const ir::Model& model, const std::string& name) {
  const auto values = model.values<float>(tensor_named(model.graph, name));
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("batch norm goes into the layer before it", "[quant]") {
  ir::Builder graph("by hand");
  ir::TensorId x = graph.input("x", {1, 2, 1, 2});
  x = graph.add("conv", "c", {x},
                {{"kernel", List{1, 1}},
                 {"stride", List{1, 1}},
                 {"padding", List{0, 0, 0, 0}},
                 {"dilation", List{1, 1}},
                 {"out_channels", std::int64_t{2}},
                 {"bias", std::int64_t{1}}});
  x = graph.add("batch_norm", "n", {x}, {{"eps", 0.5}});
  x = graph.add("identity", "i", {x});
  ir::Model model = test::with_numbers(graph.finish({x}), 1);
  const auto put = [&](const char* name, std::vector<float> values) {
    model.set<float>(tensor_named(model.graph, name), values);
  };
  put("c.weight", {3, 1, -5, 2});
  put("c.bias", {1, 2});
  put("n.weight", {2, 4});
  put("n.bias", {10, 20});
  put("n.running_mean", {7, 8});
  put("n.running_var", {3.5, 0.5});  // with eps: 4 and 1
  const ir::Model folded = quant::fold(model, "net");
  REQUIRE(folded.graph.nodes.size() == 1);
  CHECK(numbers(folded, "c.weight") == std::vector<float>{3, 1, -20, 8});
  CHECK(numbers(folded, "c.bias") == std::vector<float>{1 - 7 + 10, (2 - 8) * 4 + 20});
  CHECK(folded.graph.name_of(folded.graph.nodes[0]) == "c");
}

TEST_CASE("a batch norm that stands alone becomes a depthwise convolution", "[quant]") {
  ir::Builder graph("alone");
  const ir::TensorId x = graph.input("x", {1, 3, 4});
  const ir::TensorId n = graph.add("batch_norm", "n", {x});
  const ir::Model folded = quant::fold(test::with_numbers(graph.finish({n}), 1), "net");
  REQUIRE(folded.graph.nodes.size() == 1);
  CHECK(folded.graph.nodes[0].op->name == std::string("depthwise_conv"));

  // A convolution that something else reads too keeps its own numbers.
  ir::Builder forked("forked");
  const ir::TensorId y = forked.input("x", {1, 3, 4});
  const ir::TensorId c = forked.add("conv", "c", {y},
                                    {{"kernel", List{1}},
                                     {"stride", List{1}},
                                     {"padding", List{0, 0}},
                                     {"dilation", List{1}},
                                     {"out_channels", std::int64_t{3}}});
  const ir::TensorId m = forked.add("batch_norm", "n", {c});
  const ir::Model model = test::with_numbers(forked.finish({forked.add("add", "s", {c, m})}), 1);
  const ir::Model kept = quant::fold(model, "net");
  CHECK(kept.graph.nodes.size() == 3);
  CHECK(numbers(kept, "c.weight") == numbers(model, "c.weight"));
}

TEST_CASE("a layer takes the activation behind it where no one else reads what is before it", "[quant]") {
  const ir::Model folded = quant::fold(test::small_float_model(1), "net");
  const auto layers = quant::stored_layers(folded.graph, "net");
  std::vector<std::string> names;
  for (const auto& layer : layers) {
    names.push_back(folded.graph.tensor(layer.value).name);
    CHECK(layer.keeps_scale == (names.back() == "pool" || names.back() == "features"));
  }
  CHECK(names ==
        std::vector<std::string>{"stem.act", "depth.act", "point.conv", "sum", "pool", "features", "head"});
  CHECK((layers[0].low == 0 && layers[0].high == 6));
  CHECK(std::isinf(layers[2].low));

  ir::Builder graph("read twice");
  const ir::TensorId x = graph.input("x", {1, 2, 4, 4});
  const ir::TensorId a = graph.add("add", "a", {x, x});
  const ir::TensorId s = graph.add("add", "s", {a, x});
  const ir::TensorId r = graph.add("relu", "r", {a});
  const ir::TensorId y = graph.add("add", "y", {s, r});
  const ir::Model twice = quant::fold(test::with_numbers(graph.finish({y}), 1), "net");
  const auto apart = quant::stored_layers(twice.graph, "net");
  REQUIRE(apart.size() == 4);
  CHECK((apart[0].activation == ir::none && apart[2].low == 0 && std::isinf(apart[2].high)));
  const quant::Int8Network made = quant::to_int8(twice, apart, same_range(twice, {-1, 1}), {}, "net");
  CHECK(made.model.graph.nodes[2].op->name == std::string("requantize"));
  CHECK(ir::call_of(made.model.graph, made.model.graph.nodes[2]).integers("clamp") == List{0, 127});
}

TEST_CASE("weights have a scale a channel, biases that of the sum", "[quant]") {
  const ir::Model model = test::small_float_model(3);
  const ir::Model folded = quant::fold(model, "net");
  const quant::Int8Network made = convert(model);
  const ir::Graph& graph = made.model.graph;
  for (const char* layer : {"stem.conv", "depth.conv", "point.conv"}) {
    const auto w = tensor_named(graph, std::string(layer) + ".weight"),
               b = tensor_named(graph, std::string(layer) + ".bias");
    const auto stored = made.model.values<std::int8_t>(w);
    const auto bias = made.model.values<std::int32_t>(b);
    const std::vector<float> real = numbers(folded, std::string(layer) + ".weight"),
                             real_bias = numbers(folded, std::string(layer) + ".bias");
    const std::size_t each = stored.size() / bias.size();
    for (std::size_t c = 0; c < bias.size(); ++c) {
      const double scale = graph.tensor(w).quantization->scale[c];
      double most = 0;
      for (std::size_t i = c * each; i < (c + 1) * each; ++i) {
        most = std::max(most, std::abs(double{real[i]}));
        CHECK(std::abs(real[i] - scale * stored[i]) <= 0.5001 * scale);
      }
      CHECK(scale == Approx(most / 127));
      const double bias_scale = graph.tensor(b).quantization->scale[c];
      CHECK(bias_scale == Approx(scale * 8.0 / 255));
      CHECK(std::abs(real_bias[c] - bias_scale * bias[c]) <= 0.5001 * bias_scale);
    }
  }
  CHECK(made.notes.empty());
}

TEST_CASE("the head stays in float or computes on integers; both give logits in float", "[quant]") {
  for (const bool in_float : {true, false}) {
    for (const std::string& rounding : ir::rounding_names()) {
      const quant::Int8Network made = convert(test::small_float_model(3), {rounding, in_float});
      const ir::Graph& graph = made.model.graph;
      CHECK(graph.tensor(graph.outputs.front()).type == ir::DataType::float32);
      CHECK(graph.tensor(tensor_named(graph, "head.weight")).type ==
            (in_float ? ir::DataType::float32 : ir::DataType::int8));
      CHECK(made.layers.back().in_float == in_float);
      // Either takes another head, which is what adapt does.
      CHECK_NOTHROW(quant::Program(quant::with_float_head(made.model, 5, 1, "net"), "net"));
    }
  }
}

TEST_CASE("dead channels and dead layers have a scale, and a note says which they are", "[quant]") {
  ir::Model model = test::small_float_model(3);
  set(model, "point.bn.weight", 2, 0);      // a channel that batch norm switched off
  set(model, "stem.bn.weight", 1, 1e-30F);  // weights far below the bias
  set(model, "stem.bn.bias", 1, 3);
  const ir::Model folded = quant::fold(model, "net");
  auto ranges = same_range(folded, {-4, 4});
  ranges[static_cast<std::size_t>(tensor_named(folded.graph, "sum"))] = {0, 0};
  const quant::Int8Network made =
      quant::to_int8(folded, quant::stored_layers(folded.graph, "net"), ranges, {}, "net");
  REQUIRE(made.notes.size() == 3);
  CHECK(made.notes[0].find("stem.conv.weight: 1 of 6 channels have weights so small") == 0);
  CHECK(made.notes[1].find("point.conv.weight: 1 of 6 channels hold zeros alone") == 0);
  CHECK(made.notes[2].find("sum gave 0 alone") == 0);
  const ir::Graph& graph = made.model.graph;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (!tensor.quantization) continue;
    for (const double scale : tensor.quantization->scale) CHECK((scale > 0 && std::isfinite(scale)));
  }
  const auto bias = tensor_named(graph, "stem.conv.bias");
  const double real = made.model.values<std::int32_t>(bias)[1] * graph.tensor(bias).quantization->scale[1];
  CHECK(real == Approx(numbers(folded, "stem.conv.bias")[1]));
  CHECK(made.model.values<std::int32_t>(bias)[1] <= 1 << 30);
}

TEST_CASE("numbers that are not finite are refused by tensor and place", "[quant]") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    ir::Model model = test::small_float_model(1);
    set(model, "depth.conv.weight", 7, bad);
    const std::string message = message_of([&] { quant::fold(model, "net"); });
    INFO(message);
    CHECK(message.find("net: depth.conv.weight: holds") == 0);
    CHECK(message.find("at place 7, which is no finite number") != std::string::npos);
  }
  ir::Model model = test::small_float_model(1);
  set(model, "stem.bn.running_var", 4, -1);
  CHECK(message_of([&] {
          quant::fold(model, "net");
        }).find("net: stem.bn.running_var: has the variance -1.000000 at channel 4") == 0);
  // Finite numbers whose product is not.
  ir::Model large = test::small_float_model(1);
  set(large, "stem.bn.weight", 0, 3e38F);
  set(large, "stem.bn.running_var", 0, 1e-12F);
  CHECK(message_of([&] { quant::fold(large, "net"); }).find("net: stem.conv.weight: holds") == 0);
}

TEST_CASE("what cannot be quantised is refused by name, place and what can", "[quant]") {
  for (const char* activation : {"h_swish", "h_sigmoid", "sigmoid", "tanh"}) {
    const quant::Int8Network made = convert(test::small_float_model(1, activation));
    CHECK(made.model.graph.nodes[1].op->name == std::string(activation));
    CHECK(made.model.graph.nodes[1].attributes.empty());
  }
  CHECK(message_of([&] { convert(test::small_float_model(1, "softmax")); }) ==
        "net: stem.act: softmax cannot be quantised: there is no kernel on integers for it");
  static const ir::Attributes row{{"kernel", List{1, 6}},
                                  {"stride", List{1, 1}},
                                  {"padding", List{0, 0, 0, 0}},
                                  {"dilation", List{1, 1}}};
  const auto refused = [](const std::function<ir::TensorId(ir::Builder&, ir::TensorId)>& last) {
    ir::Builder graph("g");
    const ir::TensorId x = graph.input("x", {1, 4, 6, 6});
    const ir::TensorId y = last(graph, x);
    const ir::Model model = test::with_numbers(graph.finish({y}), 1);
    return message_of([&] { convert(model); });
  };
  CHECK(refused([](ir::Builder& g, ir::TensorId x) {
          return g.add("mul", "gated", {x, g.add("average_pool", "rows", {x}, row)});
        }).find("net: gated: mul of [1, 4, 6, 6] and [1, 4, 6, 1] cannot be quantised") == 0);
  CHECK(refused([](ir::Builder& g, ir::TensorId x) {
          return g.add("add", "shifted", {x, g.add("average_pool", "rows", {x}, row)});
        }).find("net: shifted: add of [1, 4, 6, 6] and [1, 4, 6, 1] cannot be quantised") == 0);
  CHECK(refused([](ir::Builder& g, ir::TensorId x) {
          return g.add("concatenate", "joined", {x, x});
        }).find("net: joined: concatenate cannot be quantised") == 0);
  CHECK_NOTHROW([&] {  // squeeze-and-excitation
    ir::Builder g("g");
    const ir::TensorId x = g.input("x", {1, 4, 6, 6});
    const ir::TensorId gate = g.add("h_sigmoid", "gate", {g.add("global_average_pool", "mean", {x})});
    const ir::Model model = test::with_numbers(g.finish({g.add("mul", "gated", {x, gate})}), 1);
    convert(model);
  }());
  CHECK(refused([](ir::Builder& g, ir::TensorId x) {
          return g.add("fully_connected", "f", {x}, {{"out_features", std::int64_t{2}}});
        }).find("net: f: fully_connected over [1, 4, 6, 6] cannot be quantised") == 0);
  CHECK(refused([](ir::Builder& g, ir::TensorId x) {
          return g.add("max_pool", "p", {x},
                       {{"kernel", List{2, 2}},
                        {"stride", List{1, 1}},
                        {"padding", List{0, 0, 0, 0}},
                        {"dilation", List{2, 2}}});
        }).find("net: p: max_pool with a dilation cannot be quantised") == 0);
  CHECK(refused([](ir::Builder& g, ir::TensorId x) {
          return g.add("batch_norm", "n", {g.add("flatten", "f", {x})});
        }).find("net: n: batch_norm over [1, 144] stands right behind no layer") == 0);
  // A network that is on integers already.
  const quant::Int8Network made = convert(test::small_float_model(1));
  CHECK(message_of([&] { quant::fold(made.model, "net"); }) ==
        "net: images: is i8: the network is quantised already");
}

TEST_CASE("a layer whose sums may not fit 32 bits is refused by name", "[quant]") {
  ir::Builder graph("wide");
  ir::TensorId x = graph.input("x", {1, 70000, 1, 1});
  x = graph.add("flatten", "flat", {x});
  x = graph.add("fully_connected", "wide", {x}, {{"out_features", std::int64_t{1}}});
  ir::Model model = test::with_numbers(graph.finish({x}), 1);
  model.set<float>(tensor_named(model.graph, "wide.weight"), std::vector<float>(70000, 1.0F));
  const std::string message = message_of([&] { convert(model, {"float32-half-even", false}, {0, 1}); });
  CHECK(message == "net: wide: has weights so many and large that their sum may not fit 32 bits");
  CHECK_NOTHROW(convert(model, {"float32-half-even", true}, {0, 1}));  // a head in float sums in float
  CHECK(message_of([&] {
          convert(model, {}, {0, std::numeric_limits<double>::infinity()});
        }) == "net: x: has a range that is not finite");
}
