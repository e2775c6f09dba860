// The net.config JSON. Written by hand rather than by a visitor: the format is other projects' own, its
// objects say their kind in "name", and null stands for "none".
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "network/json_fields.h"
#include "network/network.h"

namespace frugal::network {
namespace {

using Node = config::JsonNode;
using Ordered = nlohmann::ordered_json;

void check_order(const Node& node) {
  if (const auto order = node.find("ops_order"); order && order->json() != "weight_bn_act") {
    order->fail(fmt::format("only weight_bn_act is supported, got {}", order->json().dump()));
  }
}

ConvLayer read_conv(const Node& node) {
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

MBConvLayer read_mb_conv(const Node& node) {
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
  if (node.integer_or("groups", 1, extent()) != 1)
    node.fail_at("groups", "grouped 1x1 convolutions are not supported");
  if (layer.expanded_channels() < 1) node.fail_at("expand_ratio", "expands to no channel");
  node.finish();
  return layer;
}

LinearLayer read_linear(const Node& node) {
  node.ignore("name");
  check_order(node);
  LinearLayer layer;
  layer.in_features = node["in_features"].integer(extent());
  layer.out_features = node["out_features"].integer(extent());
  layer.bias = node.flag_or("bias", true);
  layer.dropout_rate = node.number_or("dropout_rate", 0, config::between(0, 0.999));
  if (node.flag_or("use_bn", false)) node.fail_at("use_bn", "batch norm on the classifier is not supported");
  if (activation_or(node, "act_func", Activation::none) != Activation::none) {
    node.fail_at("act_func", "an activation on the classifier is not supported");
  }
  node.finish();
  return layer;
}

void read_operation(const Node& node, Block& block) {
  const std::string name = node["name"].text();
  if (name == "ZeroLayer") {
    block.operation = Operation::zero;
    if (node.integer_or("stride", 1, extent()) != 1)
      node.fail_at("stride", "a ZeroLayer has stride 1 (its block is the shortcut)");
    node.finish();
  } else if (name == "IdentityLayer") {
    block.operation = Operation::identity;
  } else if (name == "MBInvertedConvLayer" || name == "MBConvLayer") {
    block.operation = Operation::mb_conv;
    block.mb_conv = read_mb_conv(node);
  } else if (name == "ConvLayer") {
    block.operation = Operation::conv;
    block.conv = read_conv(node);
  } else {
    node.fail_at("name", fmt::format("unknown operation '{}'", name),
                 base::suggest(name, {"MBInvertedConvLayer", "MBConvLayer", "ZeroLayer", "IdentityLayer",
                                      "ConvLayer"}));
  }
}

Block read_block(const Node& node) {
  const std::string name = node["name"].text();
  if (name != "MobileInvertedResidualBlock" && name != "ResidualBlock") {
    node.fail_at("name", fmt::format("unknown block '{}'", name),
                 base::suggest(name, {"MobileInvertedResidualBlock", "ResidualBlock"}));
  }
  Block block;
  const bool short_key = !node.has("mobile_inverted_conv") && node.has("conv");
  read_operation(node[short_key ? "conv" : "mobile_inverted_conv"], block);
  if (const auto shortcut = node.find("shortcut")) {
    if ((*shortcut)["name"].text() != "IdentityLayer") {
      shortcut->fail_at("name", "only an IdentityLayer or null can be a shortcut");
    }
    if (shortcut->flag_or("use_bn", false) ||
        activation_or(*shortcut, "act_func", Activation::none) != Activation::none) {
      shortcut->fail("batch norm or an activation on a shortcut is not supported");
    }
    block.shortcut = true;
  }
  node.finish();
  return block;
}

Ordered activation_json(Activation activation) {
  return activation == Activation::none ? Ordered(nullptr) : Ordered(name_of(activation));
}

// Whole numbers stay whole in the file, as the projects write them.
Ordered number_json(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? Ordered(whole) : Ordered(value);
}

Ordered conv_json(const ConvLayer& layer) {
  Ordered json{{"name", "ConvLayer"},        {"kernel_size", layer.kernel_size}, {"stride", layer.stride},
               {"dilation", layer.dilation}, {"groups", layer.groups},           {"bias", layer.bias},
               {"has_shuffle", false}};
  if (layer.use_se) json["use_se"] = true;
  json["in_channels"] = layer.in_channels;
  json["out_channels"] = layer.out_channels;
  json["use_bn"] = layer.use_bn;
  json["act_func"] = activation_json(layer.activation);
  json["dropout_rate"] = number_json(layer.dropout_rate);
  json["ops_order"] = "weight_bn_act";
  return json;
}

Ordered operation_json(const Block& block) {
  switch (block.operation) {
    case Operation::zero:
      return {{"name", "ZeroLayer"}, {"stride", 1}};
    case Operation::identity:
      return {{"name", "IdentityLayer"}};
    case Operation::conv:
      return conv_json(block.conv);
    case Operation::mb_conv:
      break;
  }
  const MBConvLayer& layer = block.mb_conv;
  Ordered json{{"name", "MBInvertedConvLayer"},
               {"in_channels", layer.in_channels},
               {"out_channels", layer.out_channels},
               {"kernel_size", layer.kernel_size},
               {"stride", layer.stride},
               {"expand_ratio", number_json(layer.expand_ratio)}};
  // ProxylessNAS's own reader knows none of these, so they are written only where they say something.
  if (layer.mid_channels) json["mid_channels"] = *layer.mid_channels;
  if (layer.activation != Activation::relu6) json["act_func"] = activation_json(layer.activation);
  if (layer.use_se) json["use_se"] = true;
  return json;
}

Ordered block_json(const Block& block, std::int64_t channels) {
  Ordered json{{"name", "MobileInvertedResidualBlock"}, {"mobile_inverted_conv", operation_json(block)}};
  if (block.shortcut) {
    json["shortcut"] = {{"name", "IdentityLayer"},     {"in_channels", channels},
                        {"out_channels", channels},    {"use_bn", false},
                        {"act_func", nullptr},         {"dropout_rate", 0},
                        {"ops_order", "weight_bn_act"}};
  } else {
    json["shortcut"] = nullptr;
  }
  return json;
}

}  // namespace

NetworkConfig read_network(const nlohmann::json& json, const std::string& origin) {
  const Node node(json, origin);
  NetworkConfig network;
  if (node.has("name")) network.name = node["name"].text();
  if (const auto bn = node.find("bn")) {
    network.bn.momentum = bn->number_or("momentum", 0.1, config::between(0, 1));
    network.bn.eps = bn->number_or("eps", 1e-3, config::between(0, 1));
    if (bn->has("ws_eps")) bn->fail_at("ws_eps", "weight standardisation is not supported");
    bn->finish();
  }
  network.first_conv = read_conv(node["first_conv"]);
  for (const Node& block : node["blocks"].elements()) network.blocks.push_back(read_block(block));
  if (const auto layer = node.find("final_expand_layer")) network.final_expand_layer = read_conv(*layer);
  if (const auto layer = node.find("feature_mix_layer")) network.feature_mix_layer = read_conv(*layer);
  network.classifier = read_linear(node["classifier"]);
  network.resolution = node.integer_or("resolution", 224, extent());
  node.finish();
  layer_costs(network, 0, origin);
  return network;
}

NetworkConfig load_network(const std::string& path) {
  return read_network(config::parse(base::read_text(path), path), path);
}

Ordered to_json(const NetworkConfig& network) {
  Ordered json{{"name", network.name},
               {"bn", {{"momentum", network.bn.momentum}, {"eps", network.bn.eps}}},
               {"first_conv", conv_json(network.first_conv)}};
  if (network.final_expand_layer) json["final_expand_layer"] = conv_json(*network.final_expand_layer);
  json["feature_mix_layer"] =
      network.feature_mix_layer ? conv_json(*network.feature_mix_layer) : Ordered(nullptr);
  json["classifier"] = {{"name", "LinearLayer"},
                        {"in_features", network.classifier.in_features},
                        {"out_features", network.classifier.out_features},
                        {"bias", network.classifier.bias},
                        {"use_bn", false},
                        {"act_func", nullptr},
                        {"dropout_rate", number_json(network.classifier.dropout_rate)},
                        {"ops_order", "weight_bn_act"}};
  json["blocks"] = Ordered::array();
  std::int64_t channels = network.first_conv.out_channels;
  for (const Block& block : network.blocks) {
    json["blocks"].push_back(block_json(block, channels));
    if (block.operation == Operation::mb_conv) channels = block.mb_conv.out_channels;
    if (block.operation == Operation::conv) channels = block.conv.out_channels;
  }
  json["resolution"] = network.resolution;
  return json;
}

std::string to_text(const NetworkConfig& network) { return to_json(network).dump(2) + "\n"; }

}  // namespace frugal::network
