#include "network/conv_layer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "network/frame.h"
#include "network/json_fields.h"
#include "network/lowering.h"

namespace frugal::network {
namespace {

using Ordered = nlohmann::ordered_json;

// Once-for-all's squeeze-and-excitation: "fc.reduce", "fc.expand", gate by h_sigmoid.
ir::TensorId squeeze_and_excite(ir::Builder& graph, ir::TensorId x, const std::string& name) {
  const std::int64_t channels = graph.shape(x)[1];
  const auto pointwise = [&](ir::TensorId in, const std::string& part, std::int64_t out) {
    ir::Attributes attributes = square_window(1, 1, 0, 1);
    attributes.emplace_back("out_channels", out);
    attributes.emplace_back("bias", std::int64_t{1});
    return graph.add("conv", name + ".fc." + part, {in}, attributes);
  };
  ir::TensorId gate = graph.add("global_average_pool", name + ".pool", {x});
  gate = graph.add("relu", name + ".relu", {pointwise(gate, "reduce", squeeze_channels(channels))});
  gate = graph.add("h_sigmoid", name + ".gate", {pointwise(gate, "expand", channels)});
  return graph.add("mul", name, {x, gate});
}

}  // namespace

std::int64_t squeeze_channels(std::int64_t channels) {
  const std::int64_t quarter = channels / 4;
  return make_divisible(static_cast<double>(quarter), 8);
}

ConvLayer read_conv(const config::JsonNode& node) {
  node.ignore("name");
  check_order(node);
  ConvLayer layer;
  layer.in_channels = node["in_channels"].integer(extent());
  layer.out_channels = node["out_channels"].integer(extent());
  layer.kernel_size = odd_kernel(node);
  layer.stride = node.integer_or("stride", 1, extent());
  layer.dilation = node.integer_or("dilation", 1, extent());
  layer.groups = node.integer_or("groups", 1, extent());
  if (layer.in_channels % layer.groups != 0 || layer.out_channels % layer.groups != 0) {
    node.fail_at("groups", fmt::format("{} groups do not divide {} and {} channels", layer.groups,
                                       layer.in_channels, layer.out_channels));
  }
  layer.bias = node.flag_or("bias", false);
  layer.use_bn = node.flag_or("use_bn", true);
  layer.use_se = node.flag_or("use_se", false);
  if (node.flag_or("has_shuffle", false)) node.fail_at("has_shuffle", "channel shuffle is not supported");
  layer.activation = activation_or(node, "act_func", Activation::relu6);
  layer.dropout_rate = node.number_or("dropout_rate", 0, config::between(0, 0.999));
  node.finish();
  return layer;
}

Ordered ConvLayer::to_json() const {
  Ordered json{{"name", "ConvLayer"},  {"kernel_size", kernel_size}, {"stride", stride},
               {"dilation", dilation}, {"groups", groups},           {"bias", bias},
               {"has_shuffle", false}};
  if (use_se) json["use_se"] = true;
  json["in_channels"] = in_channels;
  json["out_channels"] = out_channels;
  json["use_bn"] = use_bn;
  json["act_func"] = activation_json(activation);
  json["dropout_rate"] = number_json(dropout_rate);
  json["ops_order"] = "weight_bn_act";
  return json;
}

ir::TensorId ConvLayer::lower(Lowering& lowering, ir::TensorId x, const std::string& name) const {
  lowering.at(name);
  ir::Builder& graph = lowering.graph;
  lowering.need_channels(x, in_channels);
  ir::Attributes attributes = square_window(kernel_size, stride, dilation * (kernel_size / 2), dilation);
  attributes.emplace_back("bias", std::int64_t{bias});
  const bool depthwise = groups == in_channels && groups == out_channels && groups > 1;
  if (!depthwise) {
    attributes.emplace_back("out_channels", out_channels);
    attributes.emplace_back("groups", groups);
  }
  x = graph.add(depthwise ? "depthwise_conv" : "conv", name + ".conv", {x}, attributes);
  if (use_bn) x = lowering.batch_norm(x, name + ".bn");
  x = lowering.activate(x, activation, name + ".act");
  return use_se ? squeeze_and_excite(graph, x, name + ".se") : x;
}

std::string ConvLayer::latency_key(const Shape& in, const Shape& out) const {
  std::string key = fmt::format("conv {} -> {} k{} s{}", to_text(in), to_text(out), kernel_size, stride);
  if (groups > 1) key += fmt::format(" g{}", groups);
  if (dilation > 1) key += fmt::format(" d{}", dilation);
  if (activation != Activation::none) key += std::string(" ") + name_of(activation);
  if (use_se) key += " se";
  return key;
}

}  // namespace frugal::network
