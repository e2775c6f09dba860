// MobileNetV2's inverted bottleneck: 1×1 expansion (absent at expand_ratio 1), depthwise k×k, 1×1 projection.
#pragma once

#include <optional>

#include "network/conv_layer.h"

namespace frugal::network {

struct MBConvLayer : Layer {
  std::int64_t in_channels = 0, out_channels = 0;
  std::int64_t kernel_size = 3, stride = 1;
  double expand_ratio = 6;
  std::optional<std::int64_t> mid_channels;  // else round(in_channels · expand_ratio)
  Activation activation = Activation::relu6;
  bool use_se = false;

  std::int64_t expanded_channels() const;
  bool has_expansion() const { return expand_ratio != 1; }
  // What the depthwise convolution works on.
  std::int64_t middle_channels() const { return has_expansion() ? expanded_channels() : in_channels; }
  ConvLayer expansion() const;   // only where has_expansion()
  ConvLayer depthwise() const;   // its use_se says whether squeeze-and-excitation follows
  ConvLayer projection() const;  // no activation

  const char* name() const override { return "MBInvertedConvLayer"; }
  nlohmann::ordered_json to_json() const override;
  std::int64_t channels_before() const override { return in_channels; }
  std::int64_t channels_after(std::int64_t) const override { return out_channels; }
  ir::TensorId lower(Lowering& lowering, ir::TensorId x, const std::string& name) const override;
  std::string latency_key(const Shape& in, const Shape& out) const override;
};

std::shared_ptr<const Layer> read_mb_conv(const config::JsonNode& node);

}  // namespace frugal::network
