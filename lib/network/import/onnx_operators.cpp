// The operators of ONNX files without weights: activations, sums and products, pools, concatenation.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "network/import/onnx_lowering.h"

namespace frugal::network {
namespace {

using Kind = OnnxState::Kind;
using List = std::vector<std::int64_t>;

// Of one number: by a table of 256 where quantised values go in and out.
void add_activation(OnnxLowering& lowering, const char* op) {
  ir::Builder& graph = lowering.builder().graph;
  if (lowering.is_quantised(0) && lowering.input(0).padding.empty()) {
    const auto ahead = lowering.quantised_output();
    if (ahead && ahead->activations.empty())
      return lowering.give_stored(graph.add(op, lowering.name_for(op), {lowering.input(0).id}), *ahead);
  }
  const ir::TensorId in = lowering.real_input(0);
  lowering.give_real(graph.add(op, lowering.name_for(op), {in}));
}

template <const char* const& op>
void lower_activation(OnnxLowering& lowering) {
  add_activation(lowering, op);
}

constexpr const char* h_swish = "h_swish";
constexpr const char* sigmoid = "sigmoid";
constexpr const char* hyperbolic_tangent = "tanh";

void lower_hard_sigmoid(OnnxLowering& lowering) {
  // PyTorch writes 1/6 in float32.
  if (std::abs(lowering.real("alpha", 0.2F) - 1.0F / 6) > 1e-6F || lowering.real("beta", 0.5F) != 0.5F)
    lowering.fail("has another alpha than 1/6 or another beta than 1/2");
  add_activation(lowering, "h_sigmoid");
}

// Relu and Clip: in integers where quantised values go in and out.
void lower_clamp(OnnxLowering& lowering) {
  ModelBuilder& builder = lowering.builder();
  const std::optional<RealRange> range = lowering.range_of(lowering.node());
  if (!range) lowering.fail("needs constant bounds, the lower first");
  if (lowering.is_quantised(0) && lowering.input(0).padding.empty()) {
    if (const auto ahead = lowering.quantised_output(*range)) {
      const ir::TensorId in = lowering.input(0).id;
      const std::string name = lowering.name_for("relu");
      return lowering.give_stored(builder.graph.add("requantize", name, {in}, onnx_integers(ahead->clamp)),
                                  *ahead);
    }
  }
  const bool is_relu6 = range->low == 0 && range->high == 6;
  if (!is_relu6 && (range->low != 0 || !std::isinf(range->high))) {
    lowering.fail(fmt::format("clamps to [{}, {}] in float", range->low, range->high),
                  "[0, 6] and [0, infinity) are supported");
  }
  const char* op = is_relu6 ? "relu6" : "relu";
  const ir::TensorId in = lowering.real_input(0);
  lowering.give_real(builder.graph.add(op, lowering.name_for(op), {in}));
}

// A constant beside values of `shape`: one number, one a channel, or as many as they are.
ir::TensorId constant_beside(OnnxLowering& lowering, std::size_t place, const ir::Dims& shape) {
  const OnnxTensor& given = lowering.constant(place);
  const std::vector<float> numbers = lowering.real_numbers(place);
  ir::Dims wanted(shape.size(), 1), aligned(shape.size(), 1);
  for (std::size_t i = 0; i < std::min(shape.size(), given.shape.size()); ++i)
    aligned[shape.size() - 1 - i] = given.shape[given.shape.size() - 1 - i];
  wanted[0] = shape[0];
  wanted[1] = shape[1];
  const bool whole = aligned == shape;
  if (whole) wanted = shape;
  const bool fits = given.shape.size() <= shape.size() && !numbers.empty() &&
                    (whole || numbers.size() == 1 ||
                     (aligned[1] == shape[1] && static_cast<std::int64_t>(numbers.size()) == shape[1]));
  if (!fits)
    lowering.fail(fmt::format("takes {} and a constant {}", ir::to_text(shape), ir::to_text(given.shape)));
  const auto count = static_cast<std::size_t>(ir::elements(wanted));
  lowering.charge(count);
  std::vector<float> spread(count);
  for (std::size_t i = 0; i < count; ++i) spread[i] = numbers[numbers.size() == 1 ? 0 : i % numbers.size()];
  ModelBuilder& builder = lowering.builder();
  const std::string name = given.name.empty() ? "constant" : given.name;
  const ir::TensorId id = builder.graph.constant(builder.unique(name), wanted);
  builder.set<float>(id, spread);
  return id;
}

// Add and Mul of two values, or of one and a constant.
void lower_two(OnnxLowering& lowering, const char* op) {
  ModelBuilder& builder = lowering.builder();
  std::size_t first = 0, second = 1;
  if (lowering.input(0).is_constant()) std::swap(first, second);
  if (lowering.input(first).is_constant()) lowering.fail("takes two constants");
  if (lowering.input(second).is_constant()) {
    const ir::TensorId x = lowering.real_input(first);
    const ir::TensorId constant = constant_beside(lowering, second, lowering.shape(x));
    return lowering.give_real(builder.graph.add(op, lowering.name_for(op), {x, constant}));
  }
  // The operator lets the second be one number a channel.
  if (ir::elements(lowering.shape(lowering.input(0).id)) < ir::elements(lowering.shape(lowering.input(1).id)))
    std::swap(first, second);
  const bool padded = !lowering.input(0).padding.empty() || !lowering.input(1).padding.empty();
  if (lowering.is_quantised(0) && lowering.is_quantised(1) && !padded) {
    if (const auto ahead = lowering.quantised_output()) {
      const ir::TensorId a = lowering.input(first).id, b = lowering.input(second).id;
      return lowering.give_stored(
          builder.graph.add(op, lowering.name_for(op), {a, b}, onnx_integers(ahead->clamp)), *ahead);
    }
  }
  const ir::TensorId a = lowering.real_input(first), b = lowering.real_input(second);
  lowering.give_real(builder.graph.add(op, lowering.name_for(op), {a, b}));
}

void lower_add(OnnxLowering& lowering) { lower_two(lowering, "add"); }
void lower_mul(OnnxLowering& lowering) { lower_two(lowering, "mul"); }

// A pool in integers where quantised values go in and out, else in float.
void add_pool(OnnxLowering& lowering, const char* op, ir::Attributes attributes) {
  ModelBuilder& builder = lowering.builder();
  if (lowering.is_quantised(0) && lowering.input(0).padding.empty()) {
    if (const auto ahead = lowering.quantised_output()) {
      for (const auto& more : onnx_integers(ahead->clamp)) attributes.push_back(more);
      const ir::TensorId in = lowering.input(0).id;
      return lowering.give_stored(builder.graph.add(op, lowering.name_for(op), {in}, attributes), *ahead);
    }
  }
  const ir::TensorId in = lowering.real_input(0);
  lowering.give_real(builder.graph.add(op, lowering.name_for(op), {in}, attributes));
}

ir::Attributes pool_window(OnnxLowering& lowering) {
  if (lowering.input(0).is_constant()) lowering.fail("pools a constant");
  const ir::Dims& in = lowering.shape(lowering.input(0).id);
  const List kernel = lowering.integers("kernel_shape", {});
  const std::size_t axes = kernel.size();
  const List stride = lowering.integers("strides", List(axes, 1));
  const List dilation = lowering.integers("dilations", List(axes, 1));
  const List padding = lowering.integers("pads", List(2 * axes, 0));
  if (const OnnxAttribute* automatic = lowering.node().find("auto_pad");
      automatic != nullptr && automatic->text != "NOTSET" && automatic->text != "VALID")
    lowering.fail(fmt::format("has the padding '{}'", automatic->text), "give the padding in numbers");
  if (axes + 2 != in.size() || stride.size() != axes || dilation.size() != axes || padding.size() != 2 * axes)
    lowering.fail(fmt::format("has a kernel of {} axes on {}", axes, ir::to_text(in)));
  for (std::size_t i = 0; i < axes && lowering.integer("ceil_mode", 0) != 0; ++i) {
    const auto [least, most] =
        std::minmax({kernel[i], stride[i], dilation[i], padding[i], padding[axes + i]});
    if (least < 0 || stride[i] < 1 || most > ir::most_elements) lowering.fail("has a window out of range");
    const std::int64_t room = in[i + 2] + padding[i] + padding[axes + i] - (kernel[i] - 1) * dilation[i] - 1;
    if (room % stride[i] != 0) lowering.fail("rounds its size up (ceil_mode), which is not supported");
  }
  return {{"kernel", kernel}, {"stride", stride}, {"padding", padding}, {"dilation", dilation}};
}

void lower_average_pool(OnnxLowering& lowering) {
  const ir::Attributes window = pool_window(lowering);
  const List& padding = std::get<List>(window[2].second);
  const bool padded =
      std::any_of(padding.begin(), padding.end(), [](std::int64_t side) { return side != 0; });
  if (padded && lowering.integer("count_include_pad", 0) != 0)
    lowering.fail("counts padding in its mean", "count_include_pad=False in PyTorch");
  add_pool(lowering, "average_pool", window);
}

void lower_max_pool(OnnxLowering& lowering) {
  const ir::Attributes window = pool_window(lowering);
  if (lowering.node().outputs.size() > 1)
    lowering.fail("gives the places of its values, which is not supported");
  // The largest stored value is that of the largest real one: nothing is rounded.
  const OnnxState& in = lowering.input(0);
  if (in.kind == Kind::quantised && in.padding.empty()) {
    ir::Attributes attributes = window;
    for (const auto& more : onnx_integers({-128, 127})) attributes.push_back(more);
    ModelBuilder& builder = lowering.builder();
    return lowering.give_like(
        builder.graph.add("max_pool", lowering.name_for("max_pool"), {in.id}, attributes), in);
  }
  add_pool(lowering, "max_pool", window);
}

void lower_global_average_pool(OnnxLowering& lowering) { add_pool(lowering, "global_average_pool", {}); }

// A mean over height and width: what PyTorch writes for x.mean([2, 3]).
void lower_reduce_mean(OnnxLowering& lowering) {
  const ir::Dims in = lowering.shape(lowering.real_input(0));
  List axes = lowering.has_input(1) ? lowering.whole_numbers(1) : lowering.integers("axes", {});
  for (std::int64_t& axis : axes) axis += axis < 0 ? static_cast<std::int64_t>(in.size()) : 0;
  std::sort(axes.begin(), axes.end());
  List wanted;
  for (std::size_t i = 2; i < in.size(); ++i) wanted.push_back(static_cast<std::int64_t>(i));
  if (in.size() < 3 || axes != wanted) lowering.fail("is no mean over all pixels of a channel");
  if (lowering.integer("keepdims", 1) != 0) return add_pool(lowering, "global_average_pool", {});
  ModelBuilder& builder = lowering.builder();
  const std::string name = lowering.name_for("mean");
  const ir::TensorId pooled =
      builder.graph.add("global_average_pool", builder.unique(name + ".pool"), {lowering.real_input(0)});
  lowering.give_real(builder.graph.add("flatten", name, {pooled}));
}

void lower_softmax(OnnxLowering& lowering) {
  const ir::TensorId in = lowering.real_input(0);
  const auto rank = static_cast<std::int64_t>(lowering.shape(in).size());
  std::int64_t axis = lowering.integer("axis", lowering.opset() < 13 ? 1 : -1);
  if (axis < 0) axis += rank;
  if (axis != rank - 1 || (lowering.opset() < 13 && rank != 2)) lowering.fail("is not over the last axis");
  lowering.give_real(lowering.builder().graph.add("softmax", lowering.name_for("softmax"), {in}));
}

// Values of another scale are brought to that of the result first.
void concatenate_stored(OnnxLowering& lowering, const OnnxAhead& ahead, std::int64_t axis) {
  ModelBuilder& builder = lowering.builder();
  std::vector<ir::TensorId> parts;
  const std::string name = lowering.name_for("concatenate");
  for (std::size_t i = 0; i < lowering.node().inputs.size(); ++i) {
    ir::TensorId part = lowering.input(i).id;
    const bool clamps = ahead.clamp != List{-128, 127};
    if (clamps || *builder.graph.graph().tensor(part).quantization != ahead.quantization) {
      part = builder.graph.add("requantize", builder.unique(fmt::format("{}.part{}", name, i)), {part},
                               onnx_integers(ahead.clamp));
      builder.graph.store_as(part, ir::DataType::int8, ahead.quantization);
    }
    parts.push_back(part);
  }
  lowering.give_stored(builder.graph.add("concatenate", name, parts, {{"axis", axis}}), ahead);
}

void lower_concat(OnnxLowering& lowering) {
  const std::size_t count = lowering.node().inputs.size();
  bool all_constant = count > 0, all_quantised = count > 0;
  for (std::size_t i = 0; i < count; ++i) {
    all_constant = all_constant && lowering.input(i).is_constant();
    all_quantised = all_quantised && lowering.is_quantised(i) && lowering.input(i).padding.empty();
  }
  if (count == 0) lowering.fail("joins nothing");
  if (all_constant) {  // a shape under way
    OnnxTensor joined{.name = lowering.node().outputs.front(), .type = OnnxType::int64};
    for (std::size_t i = 0; i < count; ++i) {
      const List& more = lowering.whole_numbers(i);
      joined.integers.insert(joined.integers.end(), more.begin(), more.end());
      if (joined.integers.size() > 64) lowering.fail("joins constants", "values are supported");
    }
    joined.shape = {static_cast<std::int64_t>(joined.integers.size())};
    return lowering.give_constant(std::move(joined));
  }
  std::int64_t axis = lowering.integer("axis", 1);
  if (lowering.input(0).is_constant()) lowering.fail("joins values and constants");
  if (axis < 0) axis += static_cast<std::int64_t>(lowering.shape(lowering.input(0).id).size());
  if (axis < 1) lowering.fail("joins along the batch");
  if (all_quantised) {
    if (const auto ahead = lowering.quantised_output()) return concatenate_stored(lowering, *ahead, axis);
  }
  std::vector<ir::TensorId> parts;
  for (std::size_t i = 0; i < count; ++i) parts.push_back(lowering.real_input(i));
  lowering.give_real(
      lowering.builder().graph.add("concatenate", lowering.name_for("concatenate"), parts, {{"axis", axis}}));
}

}  // namespace

std::vector<OnnxRule> onnx_operators() {
  return {{"Relu", lower_clamp},
          {"Clip", lower_clamp},
          {"HardSwish", lower_activation<h_swish>},
          {"HardSigmoid", lower_hard_sigmoid},
          {"Sigmoid", lower_activation<sigmoid>},
          {"Tanh", lower_activation<hyperbolic_tangent>},
          {"Add", lower_add},
          {"Mul", lower_mul},
          {"GlobalAveragePool", lower_global_average_pool},
          {"AveragePool", lower_average_pool},
          {"MaxPool", lower_max_pool},
          {"ReduceMean", lower_reduce_mean},
          {"Softmax", lower_softmax},
          {"Concat", lower_concat}};
}

}  // namespace frugal::network
