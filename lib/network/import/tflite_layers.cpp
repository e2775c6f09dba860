// The operators of .tflite files that have weights: convolutions and fully connected layers.
#include <fmt/format.h>

#include "network/import/tflite_lowering.h"

namespace frugal::network {
namespace {

using Order = std::vector<std::size_t>;

enum LayerOptions : std::uint8_t { conv_options = 1, depthwise_options = 2, dense_options = 8 };
constexpr std::size_t weight_place = 1, bias_place = 2;

struct Weights {
  std::vector<std::int8_t> values;  // as lib/ir has them
  ir::Quantization quantization;
};

// The weights of the operator, whose outputs stand on axis `channel_axis` of the file's shape; `order` puts
// the axes as lib/ir has them.
Weights read_weights(const TfliteLowering& lowering, const Order& order, std::int64_t channel_axis) {
  const TfliteTensor& given = lowering.input(weight_place);
  if (given.type != TfliteType::int8)
    lowering.fail(fmt::format("has weights of {}", name_of(given.type)), "INT8 is supported");
  if (given.is_sparse) lowering.fail("has sparse weights, which are not supported");
  if (given.data.empty()) lowering.fail("has weights that are computed", "constant ones are supported");
  if (given.shape.size() != order.size()) {
    lowering.fail(fmt::format("has weights {}, needs {} axes", ir::to_text(given.shape), order.size()));
  }
  const ir::Dims shape(given.shape.begin(), given.shape.end());
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) {
    // Stays far from 2^64: no factor above 2^31, and never more than the file has bytes.
    count = size < 1 || count > given.data.size() ? 0 : count * static_cast<std::uint64_t>(size);
  }
  if (count != given.data.size()) {
    lowering.fail(fmt::format("has weights {} in {} bytes", ir::to_text(shape), given.data.size()));
  }
  lowering.charge(count);
  Weights weights;
  const auto* values = reinterpret_cast<const std::int8_t*>(given.data.data());
  weights.values = transposed(std::span<const std::int8_t>(values, given.data.size()), shape, order);

  const auto channels = static_cast<std::size_t>(shape[static_cast<std::size_t>(channel_axis)]);
  const std::vector<double> scale(given.scale.begin(), given.scale.end());
  for (const std::int64_t zero_point : given.zero_point) {
    if (zero_point != 0) lowering.fail("has weights with a zero point", "symmetric weights are supported");
  }
  if (scale.size() == 1) {
    weights.quantization = per_tensor(scale[0], 0);
  } else if (scale.size() == channels && given.channel_axis == channel_axis) {
    weights.quantization = per_channel(scale);
  } else {
    lowering.fail(fmt::format("has {} scales of weights along axis {}", scale.size(), given.channel_axis),
                  fmt::format("one, or one for each of the {} outputs", channels));
  }
  return weights;
}

bool has_bias(const TfliteLowering& lowering) { return lowering.has_input(bias_place); }

// The numbers of the node that was added last.
void set_parameters(TfliteLowering& lowering, const Weights& weights, std::int64_t channels) {
  ModelBuilder& builder = lowering.builder();
  check_scales(builder.graph, weights.quantization.scale, "the weight");
  const ir::TensorId weight = builder.parameter(0);
  builder.graph.store_as(weight, ir::DataType::int8, weights.quantization);
  builder.set<std::int8_t>(weight, weights.values);
  if (!has_bias(lowering)) return;
  const TfliteTensor& given = lowering.input(bias_place);
  if (given.type != TfliteType::int32 || given.data.size() != 4 * static_cast<std::uint64_t>(channels)) {
    lowering.fail(fmt::format("has a bias of {} bytes of {}", given.data.size(), name_of(given.type)),
                  fmt::format("{} constant numbers of INT32 are needed", channels));
  }
  lowering.charge(given.data.size());
  std::vector<std::int32_t> values(static_cast<std::size_t>(channels));
  std::memcpy(values.data(), given.data.data(), given.data.size());
  const ir::TensorId bias = builder.parameter(1);
  ir::Quantization quantization = weights.quantization;
  for (double& scale : quantization.scale) scale *= lowering.quantization_of(lowering.input(0)).scale[0];
  builder.graph.store_as(bias, ir::DataType::int32, std::move(quantization));
  builder.set<std::int32_t>(bias, values);
}

// Where the options of both convolutions hold their numbers.
struct ConvolutionFields {
  int activation, dilation;  // dilation: of the width; of the height behind it
};

TfliteWindow window_of(const TfliteLowering& lowering, const FlatTable& options,
                       const ConvolutionFields& fields) {
  const TfliteTensor& weight = lowering.input(weight_place);
  if (weight.shape.size() != 4)
    lowering.fail(fmt::format("has weights {}, needs 4 axes", ir::to_text(weight.shape)));
  TfliteWindow window;
  window.same = options.number<std::int8_t>(0, 0) == 0;
  window.kernel = {weight.shape[1], weight.shape[2]};
  window.stride = {options.number<std::int32_t>(2, 0), options.number<std::int32_t>(1, 0)};
  window.dilation = {options.number<std::int32_t>(fields.dilation + 1, 1),
                     options.number<std::int32_t>(fields.dilation, 1)};
  return window;
}

struct Convolution {
  const char* op;
  std::string name;
  ir::Attributes attributes;
  ConvolutionFields fields;
  std::uint8_t options_kind;
  Order order;
  std::int64_t channel_axis;
};

void lower_convolution(TfliteLowering& lowering, Convolution conv) {
  ModelBuilder& builder = lowering.builder();
  const TfliteValue in = lowering.padded_value(0);
  const FlatTable& options = lowering.options(conv.options_kind);
  std::vector<std::int64_t> clamp = lowering.clamp_of(options.number<std::int8_t>(conv.fields.activation, 0));
  lowering.absorb_activations(clamp);
  conv.attributes.emplace_back("bias", std::int64_t{has_bias(lowering)});
  const TfliteWindow window = window_of(lowering, options, conv.fields);
  for (const auto& more :
       {window_attributes(lowering, window, builder.graph.shape(in.id), in.padding), tflite_integers(clamp)})
    conv.attributes.insert(conv.attributes.end(), more.begin(), more.end());
  const Weights weights = read_weights(lowering, conv.order, conv.channel_axis);
  const ir::TensorId out = builder.graph.add(conv.op, builder.unique(conv.name), {in.id}, conv.attributes);
  set_parameters(lowering, weights, builder.graph.shape(out)[1]);
  lowering.give(out);
}

void lower_conv(TfliteLowering& lowering) {
  const ir::Dims in = lowering.builder().graph.shape(lowering.padded_value(0).id);
  const std::vector<std::int64_t>& weight = lowering.input(weight_place).shape;
  if (in.size() != 4 || weight.size() != 4 || weight[3] < 1 || in[1] % weight[3] != 0) {
    lowering.fail(
        fmt::format("takes {} (channels first) with weights {}", ir::to_text(in), ir::to_text(weight)));
  }
  lower_convolution(lowering, {.op = "conv",
                               .name = fmt::format("conv{}", lowering.next_convolution()),
                               .attributes = {{"out_channels", weight[0]}, {"groups", in[1] / weight[3]}},
                               .fields = {.activation = 3, .dilation = 4},
                               .options_kind = conv_options,
                               .order = {0, 3, 1, 2},  // [out, h, w, in] to [out, in, h, w]
                               .channel_axis = 0});
}

void lower_depthwise(TfliteLowering& lowering) {
  const ir::Dims in = lowering.builder().graph.shape(lowering.padded_value(0).id);
  const std::vector<std::int64_t>& weight = lowering.input(weight_place).shape;
  if (in.size() != 4 || weight.size() != 4 || weight[0] != 1 || weight[3] < 1 || weight[3] % in[1] != 0) {
    lowering.fail(
        fmt::format("takes {} (channels first) with weights {}", ir::to_text(in), ir::to_text(weight)));
  }
  lower_convolution(lowering, {.op = "depthwise_conv",
                               .name = fmt::format("depthwise{}", lowering.next_convolution()),
                               .attributes = {{"multiplier", weight[3] / in[1]}},
                               .fields = {.activation = 4, .dilation = 5},
                               .options_kind = depthwise_options,
                               .order = {3, 0, 1, 2},  // [1, h, w, out] to [out, 1, h, w]
                               .channel_axis = 3});
}

// The columns of [out, h · w · c] weights as a flattened image of lib/ir has its features: [out, c · h · w].
void reorder_columns(std::vector<std::int8_t>& values, std::int64_t outputs, const ir::Dims& image) {
  if (image.empty()) return;
  values =
      transposed(std::span<const std::int8_t>(values), {outputs, image[1], image[2], image[0]}, {0, 3, 1, 2});
}

// The image that flattening [N, C, H, W] or [N, C, L] makes other features of than in the file; empty where
// the order is the same.
ir::Dims reordered_image(const ir::Dims& shape) {
  if (shape.size() < 3) return {};
  const ir::Dims image{shape[1], shape[2], shape.size() > 3 ? shape[3] : 1};
  return image[0] > 1 && image[1] * image[2] > 1 ? image : ir::Dims{};
}

void lower_dense(TfliteLowering& lowering) {
  ModelBuilder& builder = lowering.builder();
  TfliteValue in = lowering.value(0, TfliteType::int8, true);
  const FlatTable& options = lowering.options(dense_options);
  if (options.number<std::int8_t>(1, 0) != 0) lowering.fail("has shuffled weights, which are not supported");
  if (lowering.output().shape.size() != 2)
    lowering.fail(fmt::format("gives {}, needs [N, features]", ir::to_text(lowering.output().shape)));
  std::vector<std::int64_t> clamp = lowering.clamp_of(options.number<std::int8_t>(0, 0));
  lowering.absorb_activations(clamp);
  if (const ir::Dims shape = builder.graph.shape(in.id); shape.size() > 2) {
    in.image = reordered_image(shape);
    in.id = builder.graph.add("flatten", builder.numbered("flatten"), {in.id});
    builder.graph.store_as(in.id, ir::DataType::int8, lowering.quantization_of(lowering.input(0)));
  }
  Weights weights = read_weights(lowering, {0, 1}, 0);
  const std::vector<std::int64_t>& shape = lowering.input(weight_place).shape;
  if (builder.graph.shape(in.id).back() != shape[1]) {
    lowering.fail(
        fmt::format("takes {} with weights {}", ir::to_text(builder.graph.shape(in.id)), ir::to_text(shape)));
  }
  reorder_columns(weights.values, shape[0], in.image);
  ir::Attributes attributes = tflite_integers(clamp);
  attributes.insert(attributes.begin(),
                    {{"out_features", shape[0]}, {"bias", std::int64_t{has_bias(lowering)}}});
  const ir::TensorId out =
      builder.graph.add("fully_connected", builder.numbered("dense"), {in.id}, attributes);
  set_parameters(lowering, weights, shape[0]);
  lowering.give(out);
}

}  // namespace

std::vector<TfliteRule> tflite_layers() { return {{3, lower_conv}, {4, lower_depthwise}, {9, lower_dense}}; }

}  // namespace frugal::network
