// The operators of .tflite files without weights: pools, sums, other shapes, softmax, changes of scale.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "network/import/tflite_lowering.h"

namespace frugal::network {
namespace {

using List = std::vector<std::int64_t>;

enum OptionsKind : std::uint8_t {
  pool_options = 5,
  softmax_options = 9,
  add_options = 11,
  reducer_options = 27
};

bool same_scale(const TfliteTensor& a, const TfliteTensor& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point;
}

void lower_pool(TfliteLowering& lowering, const char* op) {
  ModelBuilder& builder = lowering.builder();
  const TfliteValue in = lowering.value(0);
  if (!same_scale(lowering.input(0), lowering.output()))
    lowering.fail("changes the scale, which no pool does");
  const FlatTable& options = lowering.options(pool_options);
  TfliteWindow window;
  window.same = options.number<std::int8_t>(0, 0) == 0;
  window.stride = {options.number<std::int32_t>(2, 0), options.number<std::int32_t>(1, 0)};
  window.kernel = {options.number<std::int32_t>(4, 0), options.number<std::int32_t>(3, 0)};
  List clamp = lowering.clamp_of(options.number<std::int8_t>(5, 0));
  lowering.absorb_activations(clamp);
  ir::Attributes attributes = window_attributes(lowering, window, builder.graph.shape(in.id), List(4, 0));
  const ir::Attributes integers = tflite_integers(clamp);
  attributes.insert(attributes.end(), integers.begin(), integers.end());
  lowering.give(builder.graph.add(op, builder.numbered(op), {in.id}, attributes));
}

void lower_average_pool(TfliteLowering& lowering) { lower_pool(lowering, "average_pool"); }
void lower_max_pool(TfliteLowering& lowering) { lower_pool(lowering, "max_pool"); }

void lower_add(TfliteLowering& lowering) {
  ModelBuilder& builder = lowering.builder();
  TfliteValue a = lowering.value(0, TfliteType::int8, true), b = lowering.value(1, TfliteType::int8, true);
  if (a.image != b.image) lowering.fail("adds a flattened image to other features");
  List clamp = lowering.clamp_of(lowering.options(add_options).number<std::int8_t>(0, 0));
  lowering.absorb_activations(clamp);
  // The operator lets the second be one number a channel.
  if (ir::elements(builder.graph.shape(a.id)) < ir::elements(builder.graph.shape(b.id))) std::swap(a, b);
  lowering.give(builder.graph.add("add", builder.numbered("add"), {a.id, b.id}, tflite_integers(clamp)),
                a.image);
}

// The TensorFlow order of numbers (channels last) is that of lib/ir (channels first).
bool order_is_shared(const ir::Dims& shape) {
  return shape.size() < 3 || shape[1] == 1 || ir::elements(shape) == shape[0] * shape[1];
}

void lower_reshape(TfliteLowering& lowering) {
  ModelBuilder& builder = lowering.builder();
  const bool is_float = lowering.input(0).type == TfliteType::float32;
  const TfliteValue in = lowering.value(0, is_float ? TfliteType::float32 : TfliteType::int8);
  if (lowering.output().type != lowering.input(0).type || !same_scale(lowering.input(0), lowering.output()))
    lowering.fail("changes the type or scale of what it reshapes");
  const ir::Dims from = builder.graph.shape(in.id), to = lowering.shape_of(lowering.output());
  if (from.size() < 2 || to.size() < 2 || from[0] != to[0] || ir::elements(from) != ir::elements(to)) {
    lowering.fail(fmt::format("makes {} of {} (channels first)", ir::to_text(to), ir::to_text(from)),
                  "the batch must stay the first axis");
  }
  if (from == to) return lowering.give(builder.graph.add("identity", builder.numbered("identity"), {in.id}));
  if (to.size() == 2) {
    const ir::Dims image{from[1], from[2], from.size() > 3 ? from[3] : 1};
    const ir::TensorId out = builder.graph.add("flatten", builder.numbered("flatten"), {in.id});
    return lowering.give(out, order_is_shared(from) ? ir::Dims{} : image);
  }
  const bool same_channels = from.size() > 2 && from[1] == to[1];
  if (!same_channels && !(order_is_shared(from) && order_is_shared(to))) {
    lowering.fail(fmt::format("makes {} of {} (channels first)", ir::to_text(to), ir::to_text(from)),
                  "supported are flattening, other sizes of height and width, and a single channel");
  }
  lowering.give(builder.graph.add("reshape", builder.numbered("reshape"), {in.id},
                                  {{"shape", List(to.begin() + 1, to.end())}}));
}

// The size of a batch on its way into a RESHAPE: sizes that are known from what that gives.
void lower_shape(TfliteLowering& lowering) {
  lowering.raw_value(0);
  lowering.give_sizes();
}

void lower_sizes(TfliteLowering& lowering) {
  for (std::size_t place = 0; place < lowering.op().inputs.size(); ++place) {
    if (!lowering.has_input(place)) continue;
    if (lowering.input(place).data.empty() && !lowering.is_sizes(place))
      lowering.fail(fmt::format("takes '{}'", lowering.input(place).name),
                    "supported on the sizes of a shape alone");
  }
  lowering.give_sizes();
}

void lower_softmax(TfliteLowering& lowering) {
  ModelBuilder& builder = lowering.builder();
  const bool is_float = lowering.input(0).type == TfliteType::float32;
  const TfliteValue in = lowering.value(0, is_float ? TfliteType::float32 : TfliteType::int8);
  if (lowering.options(softmax_options).number<float>(0, 0) != 1.0F)
    lowering.fail("has a beta other than 1, which is not supported");
  if (builder.graph.shape(in.id).size() != 2) lowering.fail("takes an image", "needs [N, classes]");
  ir::Attributes attributes;
  if (!is_float) {
    const ir::Quantization out = lowering.quantization_of(lowering.output());
    if (out != per_tensor(1.0 / 256, -128))
      lowering.fail("gives another scale than 1/256, or another zero point than -128");
    attributes = tflite_integers({-128, 127});
  }
  lowering.give(builder.graph.add("softmax", builder.numbered("softmax"), {in.id}, attributes));
}

void requantize(TfliteLowering& lowering, std::int8_t activation) {
  ModelBuilder& builder = lowering.builder();
  const TfliteValue in = lowering.value(0, TfliteType::int8, true);
  List clamp = lowering.clamp_of(activation);
  lowering.absorb_activations(clamp);
  const char* kind = activation == 0 ? "requantize" : activation == 3 ? "relu6_" : "relu_";
  lowering.give(builder.graph.add("requantize", builder.numbered(kind), {in.id}, tflite_integers(clamp)),
                in.image);
}

void lower_relu(TfliteLowering& lowering) { requantize(lowering, 1); }
void lower_relu_n1_to_1(TfliteLowering& lowering) { requantize(lowering, 2); }
void lower_relu6(TfliteLowering& lowering) { requantize(lowering, 3); }

void lower_quantize(TfliteLowering& lowering) {
  if (lowering.output().type != TfliteType::int8) {
    lowering.fail(fmt::format("gives {}", name_of(lowering.output().type)), "INT8 is supported");
  }
  if (lowering.input(0).type == TfliteType::int8) return requantize(lowering, 0);
  ModelBuilder& builder = lowering.builder();
  const TfliteValue in = lowering.value(0, TfliteType::float32, true);
  lowering.give(builder.graph.add("quantize", builder.numbered("quantize"), {in.id},
                                  {{"rounding", std::string("tflite")}}),
                in.image);
}

void lower_dequantize(TfliteLowering& lowering) {
  ModelBuilder& builder = lowering.builder();
  const TfliteValue in = lowering.value(0, TfliteType::int8, true);
  lowering.give(builder.graph.add("dequantize", builder.numbered("dequantize"), {in.id}), in.image);
}

void lower_pad(TfliteLowering& lowering) {
  TfliteValue value = lowering.padded_value(0);
  const List sides = lowering.constant_integers(1);  // [axis][before, after], channels last
  const ir::Dims in = lowering.shape_of(lowering.input(0)), out = lowering.shape_of(lowering.output());
  if (in.size() != 4 || out.size() != 4 || sides.size() != 8)
    lowering.fail("pads no image", "needs [N, H, W, C] and two numbers an axis");
  if (!same_scale(lowering.input(0), lowering.output())) lowering.fail("changes the scale of what it pads");
  const List wanted{0, 0, sides[2], sides[4], sides[3], sides[5], 0, 0};
  const bool spatial = sides[0] == 0 && sides[1] == 0 && sides[6] == 0 && sides[7] == 0;
  const bool in_range = std::all_of(sides.begin(), sides.end(),
                                    [](std::int64_t side) { return side >= 0 && side <= ir::most_elements; });
  if (!spatial || !in_range) lowering.fail("pads batch or channels, or by a negative number");
  for (std::size_t side = 0; side < 4; ++side) value.padding[side] += wanted[side + 2];
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (out[axis + 2] != in[axis + 2] + wanted[axis + 2] + wanted[axis + 4])
      lowering.fail(fmt::format("makes {} of {} (channels first)", ir::to_text(out), ir::to_text(in)));
  }
  lowering.give_padded(value);
}

void lower_mean(TfliteLowering& lowering) {
  ModelBuilder& builder = lowering.builder();
  const TfliteValue in = lowering.value(0);
  List axes = lowering.constant_integers(1);
  for (std::int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
  std::sort(axes.begin(), axes.end());
  if (builder.graph.shape(in.id).size() != 4 || axes != List{1, 2})
    lowering.fail("is no mean over height and width", "that of [N, H, W, C] over axes 1 and 2 is supported");
  const bool keeps_axes = lowering.options(reducer_options).number<std::uint8_t>(0, 0) != 0;
  ir::TensorId out = builder.graph.add("global_average_pool", builder.numbered("mean"), {in.id},
                                       tflite_integers({-128, 127}));
  if (!keeps_axes) {
    builder.graph.store_as(out, ir::DataType::int8, lowering.quantization_of(lowering.output()));
    out = builder.graph.add("flatten", builder.numbered("flatten"), {out});
  }
  lowering.give(out);
}

}  // namespace

std::vector<TfliteRule> tflite_operators() {
  return {{0, lower_add},       {1, lower_average_pool}, {6, lower_dequantize},
          {17, lower_max_pool}, {19, lower_relu},        {20, lower_relu_n1_to_1},
          {21, lower_relu6},    {22, lower_reshape},     {25, lower_softmax},
          {34, lower_pad},      {40, lower_mean},        {43, lower_reshape},  // SQUEEZE
          {45, lower_sizes},                                                   // STRIDED_SLICE
          {70, lower_reshape},                                                 // EXPAND_DIMS
          {77, lower_shape},    {83, lower_sizes},                             // PACK
          {114, lower_quantize}};
}

}  // namespace frugal::network
