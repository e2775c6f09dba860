// A kind of layer that no network file has: what adding one takes (docs/adding.md), written out as a new
// kind's own file would be. A depthwise 3×3 with batch norm whose sigmoid scales the layer's input.
#pragma once

#include <nlohmann/json.hpp>

#include "config/json_node.h"
#include "network/json_fields.h"
#include "network/lowering.h"

namespace frugal::test {

struct ScaledLayer : network::Layer {
  std::int64_t channels = 0;

  const char* name() const override { return "ScaledLayer"; }
  nlohmann::ordered_json to_json() const override { return {{"name", name()}, {"channels", channels}}; }
  std::int64_t channels_before() const override { return channels; }
  std::int64_t channels_after(std::int64_t) const override { return channels; }
  ir::TensorId lower(network::Lowering& lowering, ir::TensorId x, const std::string& name) const override {
    lowering.at(name);
    lowering.need_channels(x, channels);
    ir::TensorId gate =
        lowering.graph.add("depthwise_conv", name + ".conv", {x}, network::square_window(3, 1, 1, 1));
    gate = lowering.batch_norm(gate, name + ".bn");
    gate = lowering.activate(gate, network::Activation::sigmoid, name + ".gate");
    return lowering.graph.add("mul", name + ".scaled", {x, gate});
  }
  std::string latency_key(const network::Shape& in, const network::Shape&) const override {
    return "scaled " + network::to_text(in);
  }
};

inline std::shared_ptr<const network::Layer> read_scaled_layer(const config::JsonNode& node) {
  node.ignore("name");
  ScaledLayer layer;
  layer.channels = node["channels"].integer(network::extent());
  node.finish();
  return std::make_shared<ScaledLayer>(layer);
}

}  // namespace frugal::test
