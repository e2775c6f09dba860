// The net.config JSON. Written by hand rather than by a visitor: the format is other projects' own, its
// objects say their kind in "name", and null stands for "none".
#include "network/network.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "network/json_fields.h"
#include "network/lower.h"

namespace frugal::network {
namespace {

using Node = config::JsonNode;
using Ordered = nlohmann::ordered_json;

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

Block read_block(const Node& node, const LayerKinds& kinds) {
  const std::string name = node["name"].text();
  if (name != "MobileInvertedResidualBlock" && name != "ResidualBlock") {
    node.fail_at("name", fmt::format("unknown block '{}'", name),
                 base::suggest(name, {"MobileInvertedResidualBlock", "ResidualBlock"}));
  }
  Block block;
  const bool short_key = !node.has("mobile_inverted_conv") && node.has("conv");
  block.layer = read_layer(node[short_key ? "conv" : "mobile_inverted_conv"], kinds);
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

Ordered block_json(const Block& block, std::int64_t channels) {
  Ordered json{{"name", "MobileInvertedResidualBlock"}, {"mobile_inverted_conv", block.layer->to_json()}};
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

NetworkConfig read_network(const nlohmann::json& json, const std::string& origin, const LayerKinds& kinds) {
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
  for (const Node& block : node["blocks"].elements()) network.blocks.push_back(read_block(block, kinds));
  if (const auto layer = node.find("final_expand_layer")) network.final_expand_layer = read_conv(*layer);
  if (const auto layer = node.find("feature_mix_layer")) network.feature_mix_layer = read_conv(*layer);
  network.classifier = read_linear(node["classifier"]);
  network.resolution = node.integer_or("resolution", 224, extent());
  if (const auto given = node.find("preprocessing")) {
    network.preprocessing = read_preprocessing(*given, network.input_channels(), network.classes());
  }
  node.finish();
  lower(network, 0, origin);  // refuses what does not fit together
  return network;
}

NetworkConfig load_network(const std::string& path) {
  return read_network(config::parse(base::read_text(path), path), path);
}

Ordered to_json(const NetworkConfig& network) {
  Ordered json{{"name", network.name},
               {"bn", {{"momentum", network.bn.momentum}, {"eps", network.bn.eps}}},
               {"first_conv", network.first_conv.to_json()}};
  if (network.final_expand_layer) json["final_expand_layer"] = network.final_expand_layer->to_json();
  json["feature_mix_layer"] =
      network.feature_mix_layer ? network.feature_mix_layer->to_json() : Ordered(nullptr);
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
    channels = block.layer->channels_after(channels);
  }
  json["resolution"] = network.resolution;
  if (network.preprocessing) json["preprocessing"] = to_json(*network.preprocessing);
  return json;
}

std::string to_text(const NetworkConfig& network) { return to_json(network).dump(2) + "\n"; }

}  // namespace frugal::network
