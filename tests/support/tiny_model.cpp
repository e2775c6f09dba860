#include "support/tiny_model.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "ir/builder.h"
#include "ir/operator.h"

namespace frugal::test {
namespace {

using ir::TensorId;
using List = std::vector<std::int64_t>;

class Maker {
 public:
  Maker(std::uint64_t seed, const std::string& rounding)
      : random_(seed, "tiny model"), rounding_(rounding), builder_("tiny") {}

  ir::Model make(std::int64_t classes, const ir::Dims& size, const TinyShape& shape) {
    const TensorId image = builder_.input("image", size);
    builder_.store_as(image, ir::DataType::int8, {{0.02}, {-3}, ir::none});
    const TensorId stem = layer("conv", "stem", image, 6, 3, 2, 1, {0.03, -128});
    const TensorId expand = layer("conv", "expand", stem, shape.hidden, 1, 1, 1, {0.025, -128});
    const TensorId depth = layer("depthwise_conv", "depth", expand, shape.hidden, 3, 1, 1, {0.03, -128});
    const TensorId project = layer("conv", "project", depth, 6, 1, 1, 1, {0.05, 4});
    TensorId sum = project;
    if (shape.residual) {
      sum = builder_.add("add", "sum", {stem, project}, {{"rounding", rounding_}});
      builder_.store_as(sum, ir::DataType::int8, {{0.06}, {-20}, ir::none});
    }
    const TensorId pool = builder_.add("global_average_pool", "pool", {sum}, {{"rounding", rounding_}});
    const ir::Quantization kept = shape.residual
                                      ? ir::Quantization{{0.06}, {-20}, ir::none}
                                      : ir::Quantization{{0.05}, {4}, ir::none};  // a pool keeps its scale
    builder_.store_as(pool, ir::DataType::int8, kept);
    const TensorId flat = builder_.add("flatten", "flat", {pool});
    builder_.store_as(flat, ir::DataType::int8, kept);
    const TensorId features = builder_.add("dequantize", "features", {flat});
    const TensorId head = builder_.add("fully_connected", "head", {features}, {{"out_features", classes}});
    draw_floats(builder_.graph().nodes.back());
    model_.graph = builder_.finish({head});
    model_.data.resize(model_.graph.tensors.size());
    return std::move(model_);
  }

  ir::Model make_autoencoder(bool dense, const ir::Dims& image) {
    TensorId x = builder_.input("image", image);
    builder_.store_as(x, ir::DataType::int8, {{0.02}, {-3}, ir::none});
    if (dense) {
      x = builder_.add("flatten", "flat", {x});
      builder_.store_as(x, ir::DataType::int8, {{0.02}, {-3}, ir::none});
      x = dense_layer("narrow", x, 12, {0.03, -128});
      x = dense_layer("wide", x, ir::elements(image), {0.025, 2});
    } else {
      x = layer("conv", "narrow", x, 4, 3, 1, 1, {0.03, -128});
      x = layer("depthwise_conv", "depth", x, 4, 3, 1, 1, {0.03, -128});
      x = layer("conv", "wide", x, image[1], 1, 1, 1, {0.025, 2});
    }
    const TensorId real = builder_.add("dequantize", "real", {x});
    model_.graph = builder_.finish({real});
    model_.data.resize(model_.graph.tensors.size());
    return std::move(model_);
  }

 private:
  struct Range {
    double scale;
    std::int64_t zero;
  };

  TensorId layer(const char* op, const std::string& name, TensorId x, std::int64_t out, std::int64_t kernel,
                 std::int64_t stride, std::int64_t groups, Range range) {
    const std::int64_t pad = kernel / 2;
    ir::Attributes attributes{{"kernel", List{kernel, kernel}},
                              {"stride", List{stride, stride}},
                              {"padding", List{pad, pad, pad, pad}},
                              {"dilation", List{1, 1}},
                              {"bias", std::int64_t{1}},
                              {"rounding", rounding_}};
    if (std::string(op) == "conv") {
      attributes.emplace_back("out_channels", out);
      attributes.emplace_back("groups", groups);
    }
    return with_numbers(builder_.add(op, name, {x}, attributes), out, range);
  }

  TensorId dense_layer(const std::string& name, TensorId x, std::int64_t out, Range range) {
    return with_numbers(
        builder_.add("fully_connected", name, {x}, {{"out_features", out}, {"rounding", rounding_}}), out,
        range);
  }

  // Of the node that was added last.
  TensorId with_numbers(TensorId y, std::int64_t out, Range range) {
    const ir::Node node = builder_.graph().nodes.back();
    const ir::Dims shape = builder_.shape(node.inputs[1]);
    const std::int64_t fan_in = ir::elements(shape) / shape[0];
    ir::Quantization q{{}, {}, 0};
    std::vector<std::int8_t> weight;
    std::vector<std::int32_t> bias;
    for (std::int64_t c = 0; c < out; ++c) {
      q.scale.push_back((0.5 + random_.uniform()) * 1.5 / 127 / std::sqrt(static_cast<double>(fan_in)));
      q.zero_point.push_back(0);
      for (std::int64_t i = 0; i < fan_in; ++i)
        weight.push_back(static_cast<std::int8_t>(static_cast<int>(random_.below(255)) - 127));
      bias.push_back(static_cast<std::int32_t>(random_.below(400)) - 200);
    }
    builder_.store_as(node.inputs[1], ir::DataType::int8, q);
    builder_.store_as(node.inputs[2], ir::DataType::int32, {{1}, {0}, ir::none});
    builder_.store_as(y, ir::DataType::int8, {{range.scale}, {range.zero}, ir::none});
    model_.set<std::int8_t>(node.inputs[1], weight);
    model_.set<std::int32_t>(node.inputs[2], bias);
    return y;
  }

  void draw_floats(const ir::Node& node) {
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      std::vector<float> values(static_cast<std::size_t>(ir::elements(builder_.shape(node.inputs[i]))));
      for (float& value : values) value = static_cast<float>(random_.normal() * 0.3);
      model_.set<float>(node.inputs[i], values);
    }
  }

  base::Random random_;
  std::string rounding_;
  ir::Builder builder_;
  ir::Model model_;
};

}  // namespace

ir::Model tiny_int8_model(std::uint64_t seed, const std::string& rounding, std::int64_t classes,
                          const ir::Dims& image, const TinyShape& shape) {
  return Maker(seed, rounding).make(classes, image, shape);
}

ir::Model tiny_autoencoder(std::uint64_t seed, bool dense, const std::string& rounding,
                           const ir::Dims& image) {
  return Maker(seed, rounding).make_autoencoder(dense, image);
}

quant::Samples tiny_samples(std::uint64_t seed, std::size_t count, std::int64_t classes) {
  base::Random patterns(7, "patterns"), noise(seed, "samples");
  quant::Samples samples;
  samples.image_bytes = 2 * 6 * 5;
  samples.class_count = classes;
  std::vector<double> means;
  for (std::int64_t i = 0; i < classes * samples.image_bytes; ++i) means.push_back(60 * patterns.normal());
  for (std::size_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::int32_t>(i % static_cast<std::size_t>(classes));
    samples.labels.push_back(label);
    for (std::int64_t k = 0; k < samples.image_bytes; ++k) {
      const double value =
          means[static_cast<std::size_t>(label * samples.image_bytes + k)] + 20 * noise.normal();
      samples.images.push_back(static_cast<std::int8_t>(std::clamp(value, -128.0, 127.0)));
    }
  }
  return samples;
}

}  // namespace frugal::test
