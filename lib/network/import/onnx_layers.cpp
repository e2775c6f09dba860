// The operators of ONNX files that have weights: convolutions, matrix products, batch norm.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "network/import/onnx_lowering.h"

namespace frugal::network {
namespace {

using Kind = OnnxState::Kind;
using List = std::vector<std::int64_t>;

// Attributes of a convolution over [N, C, …] as lib/ir has them. kernel: from the weight.
ir::Attributes window_of(const OnnxLowering& lowering, const ir::Dims& in, const List& kernel,
                         const List& more_padding) {
  const std::size_t axes = kernel.size();
  const List stride = lowering.integers("strides", List(axes, 1));
  const List dilation = lowering.integers("dilations", List(axes, 1));
  List padding = lowering.integers("pads", List(2 * axes, 0));
  if (stride.size() != axes || dilation.size() != axes || padding.size() != 2 * axes || in.size() != axes + 2)
    lowering.fail(fmt::format("has a kernel of {} axes on {}", axes, ir::to_text(in)));
  for (std::size_t i = 0; i < axes; ++i) {
    const bool fits =
        kernel[i] >= 1 && stride[i] >= 1 && dilation[i] >= 1 && padding[i] >= 0 && padding[axes + i] >= 0 &&
        std::max({kernel[i], stride[i], dilation[i], padding[i], padding[axes + i]}) <= ir::most_elements;
    if (!fits) lowering.fail("has a kernel, stride, dilation or padding out of range");
  }
  const OnnxAttribute* automatic = lowering.node().find("auto_pad");
  const std::string kind = automatic == nullptr ? "NOTSET" : automatic->text;
  if (kind == "SAME_UPPER" || kind == "SAME_LOWER") {
    for (std::size_t i = 0; i < axes; ++i) {
      const std::int64_t size = in[i + 2], out = (size - 1) / stride[i] + 1;
      const std::int64_t total =
          std::max<std::int64_t>((out - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 - size, 0);
      padding[i] = kind == "SAME_UPPER" ? total / 2 : total - total / 2;
      padding[axes + i] = total - padding[i];
    }
  } else if (kind == "VALID") {
    padding.assign(2 * axes, 0);
  } else if (kind != "NOTSET") {
    lowering.fail(fmt::format("has the padding '{}'", kind),
                  "NOTSET, SAME_UPPER, SAME_LOWER and VALID are supported");
  }
  for (std::size_t i = 0; i < more_padding.size(); ++i) padding[i] += more_padding[i];
  return {{"kernel", kernel}, {"stride", stride}, {"padding", padding}, {"dilation", dilation}};
}

// A layer's numbers in one of two forms.
struct Layer {
  std::size_t weight_place, bias_place;
  bool has_bias;
  std::vector<std::size_t> order;  // of the weight's axes; outputs first
  ir::Dims shape;                  // of the weight in the file
};

std::int64_t outputs_of(const Layer& layer) { return layer.shape[layer.order[0]]; }

void set_real_parameters(OnnxLowering& lowering, const Layer& layer) {
  ModelBuilder& builder = lowering.builder();
  const std::vector<float> weight = lowering.real_numbers(layer.weight_place);
  builder.set<float>(builder.parameter(0),
                     transposed(std::span<const float>(weight), layer.shape, layer.order));
  if (layer.has_bias) builder.set<float>(builder.parameter(1), lowering.real_numbers(layer.bias_place));
}

// Biases in steps of s_x · s_w: those of the file where it stores them so, else rounded.
std::vector<std::int32_t> stored_bias(OnnxLowering& lowering, const Layer& layer,
                                      const std::vector<double>& scale) {
  using Limits = std::numeric_limits<std::int32_t>;
  const OnnxState& state = lowering.input(layer.bias_place);
  const auto of = [](const std::vector<double>& all, std::size_t i) { return all[all.size() == 1 ? 0 : i]; };
  std::vector<std::int32_t> bias;
  if (state.kind == Kind::quantised_constant && state.numbers->type == OnnxType::int32) {
    for (std::size_t i = 0; i < state.numbers->integers.size(); ++i) {
      const std::int64_t value = state.numbers->integers[i];
      const double given = of(state.quantization.scale, i), wanted = of(scale, i);
      if (value < Limits::min() || value > Limits::max()) lowering.fail("has a bias outside of int32");
      if (std::abs(given - wanted) > 1e-4 * wanted) {
        lowering.fail(fmt::format("has a bias of the scale {}", given),
                      fmt::format("needs that of the input times that of the weight, {}", wanted));
      }
      bias.push_back(static_cast<std::int32_t>(value));
    }
    return bias;
  }
  const std::vector<float> reals = lowering.real_numbers(layer.bias_place);
  for (std::size_t i = 0; i < reals.size(); ++i) {
    const double steps = std::nearbyint(reals[i] / of(scale, i));
    if (std::isnan(steps)) lowering.fail("has a bias of NaN");
    bias.push_back(
        static_cast<std::int32_t>(std::clamp(steps, double{Limits::min()}, double{Limits::max()})));
  }
  return bias;
}

void set_stored_parameters(OnnxLowering& lowering, const Layer& layer, ir::TensorId in) {
  ModelBuilder& builder = lowering.builder();
  const OnnxState& weight = lowering.input(layer.weight_place);
  lowering.charge(weight.numbers->integers.size());
  const std::vector<std::int8_t> values(weight.numbers->integers.begin(), weight.numbers->integers.end());
  ir::Quantization q = weight.quantization;
  if (q.axis != ir::none) q.axis = 0;  // the outputs' axis, see is_stored
  builder.graph.store_as(builder.parameter(0), ir::DataType::int8, q);
  builder.set<std::int8_t>(builder.parameter(0),
                           transposed(std::span<const std::int8_t>(values), layer.shape, layer.order));
  if (!layer.has_bias) return;
  for (double& scale : q.scale) scale *= builder.graph.graph().tensor(in).quantization->scale[0];
  builder.set<std::int32_t>(builder.parameter(1), stored_bias(lowering, layer, q.scale));
  builder.graph.store_as(builder.parameter(1), ir::DataType::int32, std::move(q));
}

// int8 weights, symmetric, with one scale or one an output; the values before them too.
bool is_stored(OnnxLowering& lowering, const Layer& layer) {
  const OnnxState& weight = lowering.input(layer.weight_place);
  if (!lowering.is_quantised(0) || weight.kind != Kind::quantised_constant) return false;
  const auto is_zero = [](std::int64_t zero) { return zero == 0; };
  const ir::Quantization& q = weight.quantization;
  return weight.numbers->type == OnnxType::int8 &&
         std::all_of(q.zero_point.begin(), q.zero_point.end(), is_zero) &&
         (q.axis == ir::none || q.axis == static_cast<std::int64_t>(layer.order[0]));
}

// Adds the layer as `op`, in integers where all around it is quantised.
void add_layer(OnnxLowering& lowering, const char* op, const Layer& layer, ir::Attributes attributes) {
  ModelBuilder& builder = lowering.builder();
  if (layer.has_bias && ir::elements(lowering.constant(layer.bias_place).shape) != outputs_of(layer)) {
    lowering.fail(fmt::format("has a bias {} for {} outputs",
                              ir::to_text(lowering.constant(layer.bias_place).shape), outputs_of(layer)));
  }
  const std::string& weight_name = lowering.constant(layer.weight_place).name;
  attributes.emplace_back("bias", std::int64_t{layer.has_bias});
  const std::optional<OnnxAhead> ahead =
      is_stored(lowering, layer) ? lowering.quantised_output() : std::nullopt;
  if (ahead) {
    for (const auto& more : onnx_integers(ahead->clamp)) attributes.push_back(more);
    const ir::TensorId in = lowering.input(0).id;
    const ir::TensorId out = builder.graph.add(op, lowering.name_for(op, weight_name), {in}, attributes);
    set_stored_parameters(lowering, layer, in);
    lowering.give_stored(out, *ahead);
  } else {
    const ir::TensorId in = lowering.padded_real_input(0);
    const ir::TensorId out = builder.graph.add(op, lowering.name_for(op, weight_name), {in}, attributes);
    set_real_parameters(lowering, layer);
    lowering.give_real(out);
  }
}

void lower_conv(OnnxLowering& lowering) {
  const OnnxState& x = lowering.input(0);
  if (x.is_constant()) lowering.fail("convolves a constant");
  const ir::Dims in = lowering.shape(x.id), weight = lowering.constant(1).shape;
  if (weight.size() < 3 || weight.size() > 4 || in.size() != weight.size())
    lowering.fail(fmt::format("takes {} with weights {}", ir::to_text(in), ir::to_text(weight)));
  const std::int64_t groups = lowering.integer("group", 1), out = weight[0];
  if (groups < 1 || out < 1 || in[1] % groups != 0 || weight[1] != in[1] / groups) {
    lowering.fail(
        fmt::format("takes {} in {} groups with weights {}", ir::to_text(in), groups, ir::to_text(weight)));
  }
  Layer layer{1, 2, lowering.has_input(2), {}, weight};
  for (std::size_t i = 0; i < weight.size(); ++i) layer.order.push_back(i);
  const List kernel(weight.begin() + 2, weight.end());
  ir::Attributes attributes = window_of(lowering, in, kernel, x.padding);
  const bool depthwise = groups > 1 && groups == in[1] && out % in[1] == 0;
  if (depthwise) {
    attributes.emplace_back("multiplier", out / in[1]);
  } else {
    attributes.emplace_back("out_channels", out);
    attributes.emplace_back("groups", groups);
  }
  add_layer(lowering, depthwise ? "depthwise_conv" : "conv", layer, attributes);
}

void lower_product(OnnxLowering& lowering, bool transposed_weight, bool has_bias) {
  const ir::Dims& weight = lowering.constant(1).shape;
  if (lowering.input(0).is_constant() || !lowering.input(0).padding.empty())
    lowering.fail("multiplies a constant, or what a Pad gives");
  const ir::Dims& in = lowering.shape(lowering.input(0).id);
  const Layer layer{1, 2, has_bias,
                    transposed_weight ? std::vector<std::size_t>{0, 1} : std::vector<std::size_t>{1, 0},
                    weight};
  if (weight.size() != 2 || in.size() < 2 || weight[layer.order[1]] != in.back())
    lowering.fail(fmt::format("takes {} with weights {}", ir::to_text(in), ir::to_text(weight)));
  add_layer(lowering, "fully_connected", layer, {{"out_features", outputs_of(layer)}});
}

void lower_gemm(OnnxLowering& lowering) {
  if (lowering.real("alpha", 1) != 1 || (lowering.has_input(2) && lowering.real("beta", 1) != 1))
    lowering.fail("has alpha or beta other than 1");
  if (lowering.integer("transA", 0) != 0) lowering.fail("transposes what it takes");
  lower_product(lowering, lowering.integer("transB", 0) != 0, lowering.has_input(2));
}

void lower_matmul(OnnxLowering& lowering) { lower_product(lowering, false, false); }

void lower_batch_norm(OnnxLowering& lowering) {
  ModelBuilder& builder = lowering.builder();
  if (lowering.integer("training_mode", 0) != 0)
    lowering.fail("is in training mode", "export it in evaluation mode");
  const ir::TensorId in = lowering.real_input(0);
  const ir::TensorId out =
      builder.graph.add("batch_norm", lowering.name_for("batch_norm", lowering.constant(1).name), {in},
                        {{"eps", double{lowering.real("epsilon", 1e-5F)}}});
  for (std::size_t i = 0; i < 4; ++i) {
    const ir::TensorId parameter = builder.parameter(i);
    if (lowering.constant(i + 1).shape != lowering.shape(parameter))
      lowering.fail(fmt::format("has '{}' of {}", lowering.constant(i + 1).name,
                                ir::to_text(lowering.constant(i + 1).shape)));
    builder.set<float>(parameter, lowering.real_numbers(i + 1));
  }
  lowering.give_real(out);
}

}  // namespace

std::vector<OnnxRule> onnx_layers() {
  return {{"Conv", lower_conv},
          {"Gemm", lower_gemm},
          {"MatMul", lower_matmul},
          {"BatchNormalization", lower_batch_norm}};
}

}  // namespace frugal::network
