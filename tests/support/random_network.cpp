#include "support/random_network.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "ir/builder.h"
#include "ir/operator.h"

namespace frugal::test {
namespace {

using ir::TensorId;
using List = std::vector<std::int64_t>;

class Draw {
 public:
  Draw(std::uint64_t seed, const char* what) : random_(seed, what) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low + 1)));
  }
  bool one_of(std::uint64_t count) { return random_.below(count) == 0; }
  double uniform(double low, double high) { return low + (high - low) * random_.uniform(); }
  double normal() { return random_.normal(); }

 private:
  base::Random random_;
};

class Maker {
 public:
  Maker(std::uint64_t seed, const std::string& rounding)
      : draw_(seed, "random network"), rounding_(rounding), builder_("random-" + std::to_string(seed)) {}

  ir::Model make() {
    ir::Dims shape{1, draw_.between(1, 5), draw_.between(2, 11), draw_.between(2, 11)};
    TensorId x = builder_.input("image", shape);
    store(x);
    x = conv(x);
    const std::int64_t blocks = draw_.between(1, 5);
    for (std::int64_t i = 0; i < blocks; ++i) x = block(x);
    x = same_scale("global_average_pool", x, {{"rounding", rounding_}});
    x = same_scale("flatten", x, {});
    x = builder_.add("dequantize", name(), {x});
    x = builder_.add("fully_connected", "head", {x}, {{"out_features", draw_.between(2, 6)}});
    for (std::size_t i = 1; i < 3; ++i) {
      const TensorId id = builder_.graph().nodes.back().inputs[i];
      std::vector<float> values(static_cast<std::size_t>(ir::elements(builder_.shape(id))));
      for (float& value : values) value = static_cast<float>(draw_.normal() * 0.3);
      model_.set<float>(id, values);
    }
    model_.graph = builder_.finish({x});
    model_.data.resize(model_.graph.tensors.size());
    return std::move(model_);
  }

 private:
  std::string name() { return "n" + std::to_string(count_++); }

  void store(TensorId id) {
    const bool relu = draw_.one_of(2);
    builder_.store_as(id, ir::DataType::int8,
                      {{draw_.uniform(0.02, 0.08)}, {relu ? -128 : draw_.between(-30, 30)}, ir::none});
  }

  TensorId same_scale(const char* op, TensorId x, const ir::Attributes& attributes) {
    const ir::Quantization q = *builder_.graph().tensors[static_cast<std::size_t>(x)].quantization;
    const TensorId y = builder_.add(op, name(), {x}, attributes);
    builder_.store_as(y, ir::DataType::int8, q);
    return y;
  }

  TensorId block(TensorId x) {
    switch (draw_.between(0, 8)) {
      case 0:
        return conv(x);
      case 1:
        return depthwise(x);
      case 2:
        return pool(x);
      case 3:
        return activation(x);
      case 4:
        return gated(x);
      case 5:
        return beside_itself(x);
      default:
        return residual(x);
    }
  }

  TensorId stored(TensorId x) {
    store(x);
    return x;
  }

  // A table of 256 numbers, or another scale behind a sum or a layer.
  TensorId activation(TensorId x) {
    static const char* const names[] = {"h_swish", "h_sigmoid", "sigmoid", "tanh"};
    if (draw_.one_of(3)) return stored(builder_.add("requantize", name(), {x}, {{"rounding", rounding_}}));
    return stored(builder_.add(names[draw_.between(0, 3)], name(), {x}));
  }

  // Squeeze and excitation: one number a channel.
  TensorId gated(TensorId x) {
    TensorId gate = same_scale("global_average_pool", x, {{"rounding", rounding_}});
    gate = layer("conv", gate, builder_.shape(x)[1], {1, 1}, {1, 1}, {0, 0, 0, 0});
    gate = stored(builder_.add("h_sigmoid", name(), {gate}));
    return stored(builder_.add("mul", name(), {x, gate}, {{"rounding", rounding_}}));
  }

  // Two branches of one scale, behind each other.
  TensorId beside_itself(TensorId x) {
    const TensorId other = layer("conv", x, draw_.between(1, 4), {1, 1}, {1, 1}, {0, 0, 0, 0});
    builder_.store_as(other, ir::DataType::int8,
                      *builder_.graph().tensors[static_cast<std::size_t>(x)].quantization);
    const ir::Quantization q = *builder_.graph().tensors[static_cast<std::size_t>(x)].quantization;
    const TensorId y = builder_.add("concatenate", name(), {x, other}, {{"axis", std::int64_t{1}}});
    builder_.store_as(y, ir::DataType::int8, q);
    return y;
  }

  // Expansion, depthwise, projection, sum: of one shape.
  TensorId residual(TensorId x) {
    const std::int64_t channels = builder_.shape(x)[1];
    TensorId y = layer("conv", x, channels * draw_.between(1, 3), {1, 1}, {1, 1}, {0, 0, 0, 0});
    const std::int64_t kernel = draw_.one_of(2) ? 3 : 5;
    const std::int64_t pad = kernel / 2;
    y = layer("depthwise_conv", y, builder_.shape(y)[1], {kernel, 3}, {1, 1}, {pad, 1, pad, 1});
    y = layer("conv", y, channels, {1, 1}, {1, 1}, {0, 0, 0, 0});
    y = builder_.add("add", name(), {x, y}, {{"rounding", rounding_}});
    store(y);
    return y;
  }

  struct Window {
    List kernel, stride, padding, dilation;
  };
  Window window(TensorId x, std::int64_t longest) {
    const ir::Dims shape = builder_.shape(x);
    Window w;
    List before, after;
    for (std::size_t axis = 2; axis < 4; ++axis) {
      const std::int64_t kernel = draw_.between(1, std::min(longest, shape[axis]));
      w.kernel.push_back(kernel);
      w.dilation.push_back(2 * (kernel - 1) < shape[axis] ? draw_.between(1, 2) : 1);
      w.stride.push_back(shape[axis] > 3 ? draw_.between(1, 2) : 1);
      before.push_back(draw_.between(0, kernel / 2));
      after.push_back(draw_.between(0, kernel / 2));
    }
    w.padding = before;
    w.padding.insert(w.padding.end(), after.begin(), after.end());
    return w;
  }

  TensorId conv(TensorId x) {
    const Window w = window(x, 5);
    const std::int64_t in = builder_.shape(x)[1], groups = in % 2 == 0 && draw_.one_of(3) ? 2 : 1;
    return layer("conv", x, groups * draw_.between(1, 9), w.kernel, w.stride, w.padding, w.dilation, groups);
  }
  TensorId depthwise(TensorId x) {
    const Window w = window(x, 5);
    return layer("depthwise_conv", x, builder_.shape(x)[1], w.kernel, w.stride, w.padding, w.dilation);
  }
  TensorId pool(TensorId x) {
    const Window w = window(x, 3);
    ir::Attributes attributes{{"kernel", w.kernel},
                              {"stride", w.stride},
                              {"padding", List{0, 0, 0, 0}},
                              {"dilation", List{1, 1}},
                              {"rounding", rounding_}};
    return same_scale(draw_.one_of(2) ? "average_pool" : "max_pool", x, attributes);
  }

  TensorId layer(const char* op, TensorId x, std::int64_t out, const List& kernel, const List& stride,
                 const List& padding, const List& dilation = {1, 1}, std::int64_t groups = 1) {
    ir::Attributes attributes{{"kernel", kernel},     {"stride", stride},        {"padding", padding},
                              {"dilation", dilation}, {"bias", std::int64_t{1}}, {"rounding", rounding_}};
    if (std::string(op) == "conv") {
      attributes.emplace_back("out_channels", out);
      attributes.emplace_back("groups", groups);
    }
    const TensorId y = builder_.add(op, name(), {x}, attributes);
    const ir::Node node = builder_.graph().nodes.back();
    const ir::Dims shape = builder_.shape(node.inputs[1]);
    const std::int64_t fan_in = ir::elements(shape) / shape[0];
    ir::Quantization q{{}, {}, 0};
    std::vector<std::int8_t> weight;
    std::vector<std::int32_t> bias;
    for (std::int64_t c = 0; c < shape[0]; ++c) {
      q.scale.push_back(draw_.uniform(0.6, 1.8) / 127 / std::sqrt(static_cast<double>(fan_in)));
      q.zero_point.push_back(0);
      for (std::int64_t i = 0; i < fan_in; ++i)
        weight.push_back(static_cast<std::int8_t>(draw_.between(-127, 127)));
      bias.push_back(static_cast<std::int32_t>(draw_.between(-200, 200)));
    }
    builder_.store_as(node.inputs[1], ir::DataType::int8, q);
    builder_.store_as(node.inputs[2], ir::DataType::int32, {{1}, {0}, ir::none});
    store(y);
    model_.set<std::int8_t>(node.inputs[1], weight);
    model_.set<std::int32_t>(node.inputs[2], bias);
    return y;
  }

  Draw draw_;
  std::string rounding_;
  ir::Builder builder_;
  ir::Model model_;
  int count_ = 0;
};

}  // namespace

ir::Model random_network(std::uint64_t seed, const std::string& rounding) {
  return Maker(seed, rounding).make();
}

sparse::UpdateScheme random_scheme(std::uint64_t seed, const ir::Graph& graph) {
  Draw draw(seed, "random scheme");
  const auto layers = static_cast<std::int64_t>(sparse::scheme_layers(graph).size());
  sparse::UpdateScheme scheme;
  scheme.bias_layers = draw.between(0, layers);
  for (std::int64_t layer = 0; layer < layers; ++layer)
    if (draw.one_of(2)) scheme.weights.push_back({layer, 1.0 / static_cast<double>(1 << draw.between(0, 3))});
  return scheme;
}

quant::Samples random_samples(std::uint64_t seed, const ir::Graph& graph, std::size_t count) {
  Draw draw(seed, "random samples");
  quant::Samples samples;
  samples.image_bytes = ir::elements(graph.tensor(graph.inputs.front()).shape);
  samples.class_count = graph.tensor(graph.outputs.front()).shape.back();
  for (std::size_t i = 0; i < count; ++i) {
    samples.labels.push_back(static_cast<std::int32_t>(draw.between(0, samples.class_count - 1)));
    for (std::int64_t k = 0; k < samples.image_bytes; ++k)
      samples.images.push_back(static_cast<std::int8_t>(draw.between(-128, 127)));
  }
  return samples;
}

}  // namespace frugal::test
