#include "network/mb_conv_layer.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "network/json_fields.h"
#include "network/lowering.h"

namespace frugal::network {

std::int64_t MBConvLayer::expanded_channels() const {
  if (mid_channels) return *mid_channels;
  // Python's round(): halves to the even neighbour, which is also the default rounding here.
  return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(in_channels) * expand_ratio));
}

ConvLayer MBConvLayer::expansion() const {
  ConvLayer layer;
  layer.in_channels = in_channels;
  layer.out_channels = expanded_channels();
  layer.activation = activation;
  return layer;
}

ConvLayer MBConvLayer::depthwise() const {
  ConvLayer layer;
  layer.in_channels = layer.out_channels = layer.groups = middle_channels();
  layer.kernel_size = kernel_size;
  layer.stride = stride;
  layer.activation = activation;
  layer.use_se = use_se;
  return layer;
}

ConvLayer MBConvLayer::projection() const {
  ConvLayer layer;
  layer.in_channels = middle_channels();
  layer.out_channels = out_channels;
  layer.activation = Activation::none;
  return layer;
}

std::shared_ptr<const Layer> read_mb_conv(const config::JsonNode& node) {
  node.ignore("name");
  MBConvLayer layer;
  layer.in_channels = node["in_channels"].integer(extent());
  layer.out_channels = node["out_channels"].integer(extent());
  layer.kernel_size = odd_kernel(node);
  layer.stride = node.integer_or("stride", 1, extent());
  layer.expand_ratio = node.number_or("expand_ratio", 6, config::between(1e-3, 1000));
  if (node.has("mid_channels")) layer.mid_channels = node["mid_channels"].integer(extent());
  layer.activation = activation_or(node, "act_func", Activation::relu6);
  layer.use_se = node.flag_or("use_se", false);
  if (node.integer_or("groups", 1, extent()) != 1) {
    node.fail_at("groups", "grouped 1x1 convolutions are not supported");
  }
  if (layer.expanded_channels() < 1) node.fail_at("expand_ratio", "expands to no channel");
  node.finish();
  return std::make_shared<MBConvLayer>(layer);
}

nlohmann::ordered_json MBConvLayer::to_json() const {
  nlohmann::ordered_json json{{"name", name()},
                              {"in_channels", in_channels},
                              {"out_channels", out_channels},
                              {"kernel_size", kernel_size},
                              {"stride", stride},
                              {"expand_ratio", number_json(expand_ratio)}};
  // ProxylessNAS's own reader knows none of these, so they are written only where they say something.
  if (mid_channels) json["mid_channels"] = *mid_channels;
  if (activation != Activation::relu6) json["act_func"] = activation_json(activation);
  if (use_se) json["use_se"] = true;
  return json;
}

ir::TensorId MBConvLayer::lower(Lowering& lowering, ir::TensorId x, const std::string& name) const {
  if (has_expansion()) x = expansion().lower(lowering, x, name + ".inverted_bottleneck");
  x = depthwise().lower(lowering, x, name + ".depth_conv");
  return projection().lower(lowering, x, name + ".point_linear");
}

std::string MBConvLayer::latency_key(const Shape& in, const Shape& out) const {
  return fmt::format("mb_conv {} -> {} k{} s{} {}{} {}{}", to_text(in), to_text(out), kernel_size, stride,
                     has_expansion() ? "m" : "dw", middle_channels(), name_of(activation),
                     use_se ? " se" : "");
}

}  // namespace frugal::network
