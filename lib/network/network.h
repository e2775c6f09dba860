// A network of the ProxylessNAS family as plain data: the `net.config` JSON of the ProxylessNAS, Once-for-all
// and MCUNet projects, read and written. What it computes is its graph (network/lower.h).
// No torch here: the search, the profiler and the device compiler read networks without it.
//
// What runs: first_conv, the blocks, then (MobileNetV3 only: final_expand_layer) global average pool,
// feature_mix_layer before the pool (after it in MobileNetV3) and the classifier.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "network/conv_layer.h"
#include "network/mb_conv_layer.h"
#include "network/preprocessing.h"
#include "network/skip_layer.h"

namespace frugal::network {

struct LinearLayer {
  std::int64_t in_features = 0, out_features = 0;
  bool bias = true;
  double dropout_rate = 0;
};

struct Block {
  std::shared_ptr<const Layer> layer = std::make_shared<ZeroLayer>();
  bool shortcut = false;

  bool is_zero() const { return layer->is_zero(); }
  bool adds_shortcut() const { return shortcut && !is_zero(); }
  // The layer as one kind; null where it is another.
  template <typename Kind>
  const Kind* as() const {
    return dynamic_cast<const Kind*>(layer.get());
  }
  template <typename Kind>
  void set(const Kind& new_layer) {
    layer = std::make_shared<Kind>(new_layer);
  }
};

struct BatchNorm {
  double momentum = 0.1, eps = 1e-3;
};

struct NetworkConfig {
  std::string name = "ProxylessNASNets";
  BatchNorm bn;
  ConvLayer first_conv;
  std::vector<Block> blocks;
  std::optional<ConvLayer> final_expand_layer;  // MobileNetV3
  std::optional<ConvLayer> feature_mix_layer;
  LinearLayer classifier;
  std::int64_t resolution = 224;
  std::optional<Preprocessing> preprocessing;  // where it was trained here, or its file says so

  bool mixes_after_pool() const { return final_expand_layer.has_value(); }
  std::int64_t input_channels() const { return first_conv.in_channels; }
  std::int64_t classes() const { return classifier.out_features; }
};

// Trainable numbers: convolutions, batch norm's scale and shift, linear layers.
std::int64_t parameter_count(const NetworkConfig& network);
// Multiply-accumulates of one image: convolutions and linear layers (batch norm is folded away, bias is
// free). At the network's own resolution or at the one given.
std::int64_t mac_count(const NetworkConfig& network, std::int64_t resolution = 0);

// Reading checks names, types, ranges and that the layers fit together; errors carry file and JSON path.
// Keys of other projects that change nothing here are passed over; one that looks misspelt is refused.
NetworkConfig read_network(const nlohmann::json& json, const std::string& origin,
                           const LayerKinds& kinds = layer_kinds());
NetworkConfig load_network(const std::string& path);
// What is written is read back the same, here and by the three projects.
nlohmann::ordered_json to_json(const NetworkConfig& network);
std::string to_text(const NetworkConfig& network);

}  // namespace frugal::network
