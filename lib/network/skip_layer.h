// Layers that compute nothing. A block whose layer is Zero is its shortcut alone, as in ProxylessNAS's
// MobileInvertedResidualBlock; Identity passes its input on, so that a block with a shortcut doubles it.
#pragma once

#include "network/layer.h"

namespace frugal::network {

struct ZeroLayer : Layer {
  const char* name() const override { return "ZeroLayer"; }
  nlohmann::ordered_json to_json() const override;
  std::int64_t channels_before() const override { return 0; }
  std::int64_t channels_after(std::int64_t in_channels) const override { return in_channels; }
  ir::TensorId lower(Lowering&, ir::TensorId x, const std::string&) const override { return x; }
  std::string latency_key(const Shape& in, const Shape&) const override { return "zero " + to_text(in); }
  bool is_free() const override { return true; }
  bool is_zero() const override { return true; }
};

struct IdentityLayer : Layer {
  const char* name() const override { return "IdentityLayer"; }
  nlohmann::ordered_json to_json() const override;
  std::int64_t channels_before() const override { return 0; }
  std::int64_t channels_after(std::int64_t in_channels) const override { return in_channels; }
  ir::TensorId lower(Lowering&, ir::TensorId x, const std::string&) const override { return x; }
  std::string latency_key(const Shape& in, const Shape&) const override { return "zero " + to_text(in); }
  bool is_free() const override { return true; }
};

std::shared_ptr<const Layer> read_zero(const config::JsonNode& node);
std::shared_ptr<const Layer> read_identity(const config::JsonNode& node);

}  // namespace frugal::network
