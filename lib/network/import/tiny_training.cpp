#include "network/import/tiny_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "network/import/weights_file.h"
#include "network/json_fields.h"

namespace frugal::network {
namespace {

using List = std::vector<std::int64_t>;

const std::string rounding = "float32-half-even";

// Scale and zero point at key_scale and key_zero.
ir::Quantization read_quantization(const config::JsonNode& params, const std::string& key) {
  return ir::Quantization{{params[key + "_scale"].number(config::greater_than(0))},
                          {params[key + "_zero"].integer(config::between(-128, 127))},
                          ir::none};
}

class TinyTraining {
 public:
  TinyTraining(const checkpoint::SafetensorsFile& weights, const std::string& name)
      : weights_(weights), builder_(name) {}

  Imported run(const config::JsonNode& root) {
    const config::JsonNode first = root["first_conv"];
    at(first);
    const std::int64_t channels = first["in_channel"].integer(extent());
    const std::int64_t size = first["in_shape"].integer(extent());
    ir::TensorId x = builder_.graph.input("input", {1, channels, size, size});
    builder_.graph.store_as(x, ir::DataType::int8, read_quantization(first["params"], "x"));
    x = convolution(first, "first_conv", x);
    const std::vector<config::JsonNode> blocks = root["blocks"].elements();
    for (std::size_t i = 0; i < blocks.size(); ++i) x = block(blocks[i], fmt::format("blocks.{}", i), x);
    if (const auto mix = root.find("feature_mix")) x = convolution(*mix, "feature_mix", x);
    x = classifier(root["classifier"], x);
    root.finish();
    return {builder_.finish({x}, root.origin()), "tiny-training", {}};
  }

 private:
  void at(const config::JsonNode& node) { builder_.graph.at(node.place()); }

  ir::TensorId block(const config::JsonNode& node, const std::string& name, ir::TensorId x) {
    const ir::TensorId before = x;
    for (const char* layer : {"pointwise1", "depthwise", "pointwise2"}) {
      if (const auto found = node.find(layer)) x = convolution(*found, name + "." + layer, x);
    }
    if (node.has("se")) node.fail_at("se", "squeeze-and-excitation is not supported in int8");
    if (const auto residual = node.find("residual")) x = sum(*residual, name + ".residual", before, x);
    node.finish();
    return x;
  }

  ir::TensorId sum(const config::JsonNode& node, const std::string& name, ir::TensorId before,
                   ir::TensorId after) {
    at(node);
    const config::JsonNode params = node["params"];
    check_input(params, before);
    const ir::TensorId out = builder_.graph.add("add", name, {before, after}, {{"rounding", rounding}});
    builder_.graph.store_as(out, ir::DataType::int8, read_quantization(params, "y"));
    return out;
  }

  // The scale that a layer says it takes is that of what comes before.
  void check_input(const config::JsonNode& params, ir::TensorId x) const {
    const ir::Quantization given = read_quantization(params, "x");
    const ir::Quantization& before = *builder_.graph.graph().tensor(x).quantization;
    const double difference = std::abs(given.scale[0] - before.scale[0]);
    if (difference > 1e-6 * before.scale[0] || given.zero_point != before.zero_point) {
      params.fail(fmt::format("takes the scale {} and zero point {}, but what comes before gives {} and {}",
                              given.scale[0], given.zero_point[0], before.scale[0], before.zero_point[0]));
    }
  }

  ir::TensorId convolution(const config::JsonNode& node, const std::string& name, ir::TensorId x) {
    at(node);
    const config::JsonNode params = node["params"];
    check_input(params, x);
    const ir::Dims in = builder_.graph.shape(x);
    if (node["in_channel"].integer() != in[1])
      node.fail_at("in_channel", fmt::format("what comes before gives {} channels", in[1]));
    if (node.has("act")) node.fail_at("act", "an activation is the range of the output in these networks");
    const std::int64_t out_channels = node["out_channel"].integer(extent());
    const List kernel = node["kernel_size"].integers(extent());
    if (kernel.size() != 2 || kernel[0] % 2 == 0 || kernel[1] % 2 == 0)
      node.fail_at("kernel_size", "needs two odd numbers");
    const std::int64_t stride = node["stride"].integer(extent()), groups = node["groups"].integer(extent());
    const bool depthwise = groups > 1 && groups == in[1] && out_channels % in[1] == 0;
    ir::Attributes attributes{{"bias", std::int64_t{1}},
                              {"kernel", kernel},
                              {"stride", List{stride, stride}},
                              {"padding", List{kernel[0] / 2, kernel[1] / 2, kernel[0] / 2, kernel[1] / 2}},
                              {"dilation", List{1, 1}},
                              {"rounding", rounding}};
    if (depthwise) {
      attributes.emplace_back("multiplier", out_channels / in[1]);
    } else {
      attributes.emplace_back("out_channels", out_channels);
      attributes.emplace_back("groups", groups);
    }
    const ir::TensorId out = builder_.graph.add(depthwise ? "depthwise_conv" : "conv", name, {x}, attributes);
    builder_.graph.store_as(out, ir::DataType::int8, read_quantization(params, "y"));
    const std::int64_t size = node["out_shape"].integer(extent());
    if (const ir::Dims& shape = builder_.graph.shape(out); shape[2] != size || shape[3] != size)
      node.fail_at("out_shape", fmt::format("the layer gives {} × {} pixels", shape[2], shape[3]));

    const ir::TensorId weight = builder_.parameter(0), bias = builder_.parameter(1);
    std::vector<double> scale = weight_scales(params, out_channels);
    builder_.graph.store_as(weight, ir::DataType::int8, per_channel(scale));
    builder_.set<std::int8_t>(weight, array<std::int8_t>(params["weight"], builder_.graph.shape(weight)));
    const double x_scale = builder_.graph.graph().tensor(x).quantization->scale[0];
    for (double& one : scale) one *= x_scale;
    builder_.graph.store_as(bias, ir::DataType::int32, per_channel(std::move(scale)));
    builder_.set<std::int32_t>(bias, array<std::int32_t>(params["bias"], {out_channels}));
    for (const char* key : {"in_shape", "depthwise"}) node.ignore(key);
    node.finish();
    return out;
  }

  ir::TensorId classifier(const config::JsonNode& node, ir::TensorId x) {
    at(node);
    const config::JsonNode params = node["params"];
    check_input(params, x);
    const ir::Quantization q = *builder_.graph.graph().tensor(x).quantization;
    const auto as_before = [&](ir::TensorId id) {
      builder_.graph.store_as(id, ir::DataType::int8, q);
      return id;
    };
    x = as_before(builder_.graph.add("global_average_pool", "pool", {x}, {{"rounding", rounding}}));
    x = as_before(builder_.graph.add("flatten", "features", {x}));
    x = builder_.graph.add("dequantize", "features.f32", {x});
    const std::int64_t in = builder_.graph.shape(x)[1], out = node["out_channel"].integer(extent());
    if (node["in_channel"].integer() != in)
      node.fail_at("in_channel", fmt::format("what comes before gives {} features", in));
    x = builder_.graph.add("fully_connected", "classifier", {x}, {{"out_features", out}});

    const std::vector<double> scale = weight_scales(params, out);
    const auto stored = array<std::int8_t>(params["weight"], {out, in, 1, 1});
    const auto stored_bias = array<std::int32_t>(params["bias"], {out});
    std::vector<float> weight, bias;
    for (std::size_t i = 0; i < stored.size(); ++i)
      weight.push_back(static_cast<float>(stored[i] * scale[i / static_cast<std::size_t>(in)]));
    for (std::size_t i = 0; i < stored_bias.size(); ++i)
      bias.push_back(static_cast<float>(stored_bias[i] * scale[i] * q.scale[0]));
    builder_.set<float>(builder_.parameter(0), weight);
    builder_.set<float>(builder_.parameter(1), bias);
    return x;
  }

  // {"array": "blocks/0/depthwise/params/weight", …}: the tensor's name, with dots in the file of weights.
  template <typename T>
  std::vector<T> array(const config::JsonNode& node, const ir::Dims& shape) const {
    std::string name = node["array"].text();
    if (weights_.find(name) == nullptr) std::replace(name.begin(), name.end(), '/', '.');
    return stored_numbers<T>(weights_, name, shape);
  }

  std::vector<double> weight_scales(const config::JsonNode& params, std::int64_t channels) const {
    const std::vector<float> scale = array<float>(params["w_scales"], {channels});
    std::vector<double> wide(scale.begin(), scale.end());
    check_scales(builder_.graph, wide, "the weight");
    return wide;
  }

  const checkpoint::SafetensorsFile& weights_;
  ModelBuilder builder_;
};

}  // namespace

bool is_tiny_training(const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("first_conv") || !json["first_conv"].is_object()) return false;
  return json["first_conv"].contains("params");
}

Imported import_tiny_training(const nlohmann::json& json, const checkpoint::SafetensorsFile& weights,
                              const std::string& name, const std::string& origin) {
  return TinyTraining(weights, name).run(config::JsonNode(json, origin));
}

}  // namespace frugal::network
