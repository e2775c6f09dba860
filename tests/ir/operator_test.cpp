// Every operator of the table: one node of it is built, counted, written and read back; what breaks its rules
// is refused. A new operator is tested by an entry in `examples` alone, and the test says when one is
// missing.
#include "ir/operator.h"

#include <map>

#include "ir/builder.h"
#include "ir/count.h"
#include "ir/text.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;

namespace {

using List = std::vector<std::int64_t>;

const List square{3, 3}, ones{1, 1}, padding{1, 1, 1, 1};
const ir::Attributes window{
    {"kernel", square}, {"stride", List{2, 2}}, {"padding", padding}, {"dilation", ones}};

ir::Attributes with(ir::Attributes attributes, const ir::Attributes& more) {
  attributes.insert(attributes.end(), more.begin(), more.end());
  return attributes;
}

struct Example {
  std::vector<ir::Dims> inputs = {};
  ir::Attributes attributes = {};
  ir::Dims out = {};
  std::int64_t parameters = 0, macs = 0;
  bool second_is_label = false, first_is_token = false, first_is_quantised = false;
  std::vector<ir::DataType> types = {};  // of the inputs; empty: float
};

// By hand.
const std::map<std::string, Example>& examples() {
  const ir::Dims image{1, 4, 7, 5}, half{1, 4, 4, 3};
  constexpr ir::DataType mantissa = ir::DataType::int16, whole = ir::DataType::int32,
                         real = ir::DataType::float32;
  const ir::Attributes branches{{"a_factor", std::int64_t{8192}},
                                {"a_shift", std::int64_t{-13}},
                                {"b_factor", std::int64_t{9000}},
                                {"b_shift", std::int64_t{-20}}};
  static const std::map<std::string, Example> all{
      {"conv",
       {{image},
        with(window,
             {{"out_channels", std::int64_t{6}}, {"groups", std::int64_t{2}}, {"bias", std::int64_t{1}}}),
        {1, 6, 4, 3},
        6 * 2 * 9 + 6,
        6 * 2 * 9 * 12}},
      {"depthwise_conv",
       {{image}, with(window, {{"multiplier", std::int64_t{2}}}), {1, 8, 4, 3}, 8 * 9, 8 * 9 * 12}},
      {"fully_connected", {{{1, 6}}, {{"out_features", std::int64_t{3}}}, {1, 3}, 21, 18}},
      {"embedding",
       {{{1, 9}},
        {{"vocabulary", std::int64_t{50}}, {"features", std::int64_t{8}}},
        {1, 9, 8},
        400,
        0,
        false,
        true}},
      {"batch_norm", {{image}, {}, image, 8}},
      {"relu", {{image}, {}, image}},
      {"relu6", {{image}, {}, image}},
      {"h_swish", {{image}, {}, image}},
      {"h_sigmoid", {{image}, {}, image}},
      {"sigmoid", {{image}, {}, image}},
      {"tanh", {{image}, {}, image}},
      {"softmax", {{{1, 6}}, {}, {1, 6}}},
      {"add", {{image, image}, {}, image}},
      {"mul", {{image, {1, 4, 1, 1}}, {}, image}},
      {"max_pool", {{image}, window, half}},
      {"average_pool", {{image}, window, half}},
      {"global_average_pool", {{image}, {}, {1, 4, 1, 1}}},
      {"identity", {{image}, {}, image}},
      {"reshape", {{image}, {{"shape", List{28, 5}}}, {1, 28, 5}}},
      {"flatten", {{image}, {}, {1, 140}}},
      {"concatenate", {{image, {1, 2, 7, 5}}, {}, {1, 6, 7, 5}}},
      {"slice", {{image}, {{"begin", std::int64_t{1}}, {"end", std::int64_t{3}}}, {1, 2, 7, 5}}},
      {"pad", {{image}, {{"after", std::int64_t{3}}}, {1, 7, 7, 5}}},
      {"channel_shuffle", {{image}, {{"groups", std::int64_t{2}}}, image}},
      {"cross_entropy", {{{2, 6}, {2}}, {}, {}, 0, 0, true}},
      {"mean_squared_error", {{image, image}, {}, {}}},
      {"mean_squared_error_gradient", {{image, image}, {}, image}},
      {"cross_entropy_gradient", {{{2, 6}, {2}}, {}, {2, 6}, 0, 0, true}},
      {"quantize", {{image}, {}, image}},
      {"dequantize", {{image}, {}, image, 0, 0, false, false, true}},
      {"requantize", {{image}, {}, image}},
      {"conv_input_gradient",
       {{{1, 6, 4, 3}, {6, 2, 3, 3}},
        with(window, {{"size", List{4, 7, 5}}, {"groups", std::int64_t{2}}}),
        image,
        0,
        6 * 2 * 9 * 12}},
      {"depthwise_input_gradient",
       {{{1, 8, 4, 3}, {8, 1, 3, 3}}, with(window, {{"size", List{4, 7, 5}}}), image, 0, 8 * 9 * 12}},
      {"conv_input_gradient_of_parts",
       {{{1, 6, 4, 3}, {6, 4, 3, 3}, {6, 2, 3, 3}},
        with(window, {{"channels", List{1, 3}}, {"size", List{4, 7, 5}}}),
        image,
        0,
        6 * 4 * 9 * 12}},
      {"depthwise_input_gradient_in_place",
       {{image, {4, 1, 3, 3}},
        {{"size", List{4, 7, 5}},
         {"kernel", square},
         {"stride", ones},
         {"padding", padding},
         {"dilation", ones}},
        image,
        0,
        4 * 9 * 35}},
      {"fully_connected_input_gradient", {{{1, 3}, {3, 6}}, {{"size", List{6}}}, {1, 6}, 0, 18}},
      {"conv_weight_gradient",
       {{image, {1, 6, 4, 3}}, with(window, {{"channels", List{0, 2, 3}}}), {6, 3, 3, 3}, 0, 6 * 3 * 9 * 12}},
      {"depthwise_weight_gradient",
       {{image, {1, 8, 4, 3}}, with(window, {{"channels", List{1, 5}}}), {2, 1, 3, 3}, 0, 2 * 9 * 12}},
      {"fully_connected_weight_gradient", {{{1, 6}, {1, 3}}, {}, {3, 6}, 0, 18}},
      {"average_pool_input_gradient", {{half}, with(window, {{"size", List{4, 7, 5}}}), image}},
      {"global_average_pool_input_gradient", {{{1, 4, 1, 1}}, {{"size", List{4, 7, 5}}}, image}},
      {"max_pool_input_gradient", {{image, half}, window, image}},
      {"rescale_gradient", {{image, {4}}, {}, image}},
      {"channel_sum", {{image}, {}, {4}}},
      {"mul_input_gradient", {{image, {1, 4, 1, 1}}, {{"size", List{4, 7, 5}}}, image}},
      {"mul_channel_gradient", {{image, image}, {}, {1, 4, 1, 1}}},
      {"pixel_sum", {{image}, {}, {1, 4, 1, 1}}},
      {"lookup_gradient", {{image, image, {256}}, {}, image}},
      {"mask_gradient", {.inputs = {image, image}, .out = image, .types = {mantissa, ir::DataType::bit}}},
      {"shared_exponent", {.inputs = {image, {1}}, .out = {1}, .types = {whole, whole}}},
      {"narrow", {.inputs = {image, {1}, {1}}, .out = image, .types = {whole, whole, whole}}},
      {"common_exponent",
       {.inputs = {{1}, {1}}, .attributes = branches, .out = {1}, .types = {whole, whole}}},
      {"sum_gradients",
       {.inputs = {image, {1}, image, {1}, {1}},
        .attributes = branches,
        .out = image,
        .types = {mantissa, whole, mantissa, whole, whole}}},
      {"update", {{{6, 4, 3, 3}, {6, 2, 3, 3}, {1}}, {{"channels", List{1, 3}}}, {6, 4, 3, 3}}},
      {"conv_weight_update",
       {.inputs = {{6, 2, 3, 3}, image, {1, 6, 4, 3}, {1}, {6}, {1}},
        .attributes = with(window, {{"channels", List{0, 3}}}),
        .out = {6, 2, 3, 3},
        .macs = 6 * 2 * 9 * 12,
        .types = {real, real, real, real, real, whole}}},
      {"with_channels", {{{6, 4, 3, 3}, {6, 2, 3, 3}}, {{"channels", List{1, 3}}}, {6, 4, 3, 3}}},
      {"conv_of_parts",
       {{image, {6, 4, 3, 3}, {6, 2, 3, 3}},
        with(window, {{"channels", List{1, 3}}}),
        {1, 6, 4, 3},
        0,
        6 * 4 * 9 * 12}},
      {"update_integer",
       {.inputs = {{6}, {6}, {1}, {6, 2}, {2}, {1}},
        .out = {6},
        .types = {ir::DataType::int8, mantissa, whole, whole, whole, whole}}},
  };
  return all;
}

ir::Graph graph_of(const ir::Operator& op, const Example& example) {
  ir::Builder graph(op.name);
  std::vector<ir::TensorId> inputs;
  for (std::size_t i = 0; i < example.inputs.size(); ++i) {
    if (!example.types.empty()) {
      inputs.push_back(graph.input("x" + std::to_string(i), example.inputs[i], example.types[i]));
      continue;
    }
    const bool numbers = (i == 0 && example.first_is_token) || (i == 1 && example.second_is_label);
    inputs.push_back(graph.input("x" + std::to_string(i), example.inputs[i],
                                 numbers ? ir::DataType::int32 : ir::DataType::float32));
    if (example.first_is_quantised) graph.store_as(inputs.back(), ir::DataType::int8, {{0.5}, {3}, ir::none});
  }
  return graph.finish({graph.add(op, "y", inputs, example.attributes)});
}

std::string refusal(const char* op, const std::vector<ir::Dims>& shapes, const ir::Attributes& attributes) {
  return test::message_of([&] {
    ir::Builder graph("g");
    graph.at("file:/here");
    std::vector<ir::TensorId> inputs;
    for (const ir::Dims& shape : shapes)
      inputs.push_back(graph.input("x" + std::to_string(inputs.size()), shape));
    graph.add(op, "y", inputs, attributes);
  });
}

}  // namespace

TEST_CASE("every operator of the table has the shape, parameters and MACs counted by hand", "[ir]") {
  for (const ir::Operator* op : ir::operators()) {
    INFO(op->name);
    const auto found = examples().find(op->name);
    REQUIRE(found != examples().end());
    const Example& example = found->second;
    const ir::Graph graph = graph_of(*op, example);
    CHECK(graph.tensor(graph.outputs.front()).shape == example.out);
    CHECK(ir::parameter_count(graph, ir::whole(graph)) == example.parameters);
    CHECK(ir::mac_count(graph, ir::whole(graph)) == example.macs);
    CHECK(ir::from_text(ir::to_text(graph), "text") == graph);
    CHECK(op->help != std::string());
  }
}

TEST_CASE("a window over a sequence has one axis", "[ir]") {
  ir::Builder graph("sequence");
  const ir::TensorId x = graph.input("x", {1, 3, 20});
  const ir::Attributes line{
      {"kernel", List{5}}, {"stride", List{2}}, {"padding", List{2, 1}}, {"dilation", List{1}}};
  const ir::TensorId y = graph.add("conv", "y", {x}, with(line, {{"out_channels", std::int64_t{4}}}));
  CHECK(graph.shape(y) == ir::Dims{1, 4, 10});
  const ir::Graph made = graph.finish({graph.add("max_pool", "z", {y}, line)});
  CHECK(made.tensor(made.outputs.front()).shape == ir::Dims{1, 4, 5});
  CHECK(ir::mac_count(made, ir::whole(made)) == 4 * 3 * 5 * 10);
}

TEST_CASE("what breaks an operator's rule is refused with its place", "[ir]") {
  const ir::Dims image{1, 4, 7, 5};
  const ir::Attributes conv = with(window, {{"out_channels", std::int64_t{6}}});
  CHECK(refusal("conv", {image}, with(conv, {{"groups", std::int64_t{3}}})) ==
        "file:/here: 3 groups do not divide 4 and 6 channels");
  CHECK(refusal("conv", {{1, 4, 7}}, conv).find("one kernel, stride and dilation for each of 1 axes") !=
        std::string::npos);
  CHECK(refusal("conv", {{4, 7}}, conv).find("needs [N, C, L] or [N, C, H, W]") != std::string::npos);
  CHECK(refusal("conv", {image}, window).find("needs the attribute 'out_channels'") != std::string::npos);
  CHECK(refusal("conv", {image}, with(conv, {{"grops", std::int64_t{1}}})).find("did you mean 'groups'") !=
        std::string::npos);
  CHECK(refusal("conv", {image}, with(window, {{"out_channels", 6.0}}))
            .find("'out_channels' must be a whole number") != std::string::npos);
  CHECK(refusal("conv", {image}, with(window, {{"out_channels", std::int64_t{0}}}))
            .find("must be at least 1, got 0") != std::string::npos);
  ir::Attributes large = window;
  large[0].second = List{9, 9};
  CHECK(refusal("max_pool", {{1, 4, 3, 3}}, large).find("leaves no pixel of the image") != std::string::npos);
  CHECK(refusal("add", {image, {1, 4, 5, 7}}, {}).find("do not fit together") != std::string::npos);
  CHECK(refusal("reshape", {image}, {{"shape", List{3}}}).find("has other elements") != std::string::npos);
  CHECK(
      refusal("slice", {image}, {{"begin", std::int64_t{1}}, {"end", std::int64_t{9}}}).find("is no part") !=
      std::string::npos);
  CHECK(refusal("concatenate", {image, {1, 4, 7, 6}}, {}).find("whose other axes differ") !=
        std::string::npos);
  CHECK(refusal("cross_entropy", {{2, 6}, {2}}, {}).find("labels i32 [N]") != std::string::npos);
  CHECK(refusal("embedding", {{1, 9}}, {{"vocabulary", std::int64_t{5}}, {"features", std::int64_t{2}}})
            .find("token numbers") != std::string::npos);
}

TEST_CASE("an operator on i8 says how it rounds, and may keep a mask of what it did not clamp", "[ir]") {
  const auto integers = [](const ir::Attributes& attributes) {
    ir::Builder graph("integers");
    const ir::TensorId x = graph.input("x", {1, 4, 7, 5});
    graph.store_as(x, ir::DataType::int8, {{0.5}, {3}, ir::none});
    const ir::TensorId y =
        graph.add("conv", "y", {x}, with(with(window, {{"out_channels", std::int64_t{6}}}), attributes));
    graph.store_as(y, ir::DataType::int8, {{0.25}, {-128}, ir::none});
    graph.mask(y, "y.mask");
    return graph.finish({y});
  };
  const ir::Graph graph = integers({{"rounding", std::string("tflite")}, {"clamp", List{-128, 0}}});
  const std::string text = ir::to_text(graph);
  CHECK(text.find("zero_point = [-128]) mask y.mask = conv(x, y.weight)") != std::string::npos);
  CHECK(text.find("rounding = \"tflite\", clamp = [-128, 0]") != std::string::npos);
  CHECK(text.find("groups") == std::string::npos);  // as by default
  CHECK(ir::from_text(text, "text") == graph);

  const auto refused = [&](const ir::Attributes& attributes) {
    return test::message_of([&] { integers(attributes); });
  };
  CHECK(refused({}).find("unknown rounding ''") != std::string::npos);
  CHECK(refused({{"rounding", std::string("tflit")}}).find("did you mean 'tflite'") != std::string::npos);
  CHECK(refused({{"rounding", std::string("tflite")}, {"clamp", List{5, 4}}}).find("the least first") !=
        std::string::npos);
  std::string twice = text;
  twice.replace(twice.find("mask y.mask"), 11, "mask y.weight");
  CHECK(test::message_of([&] { ir::from_text(twice, "text"); }).find("stands twice") != std::string::npos);
}
