// Convolution ("same" padding: dilation · (kernel / 2)), batch norm, activation, and where asked for
// squeeze-and-excitation: a block's operation, and the stem and the head of a network.
#pragma once

#include "network/activation.h"
#include "network/layer.h"

namespace frugal::network {

struct ConvLayer : Layer {
  std::int64_t in_channels = 0, out_channels = 0;
  std::int64_t kernel_size = 1, stride = 1, dilation = 1, groups = 1;
  bool bias = false, use_bn = true, use_se = false;
  Activation activation = Activation::relu6;
  double dropout_rate = 0;

  const char* name() const override { return "ConvLayer"; }
  nlohmann::ordered_json to_json() const override;
  std::int64_t channels_before() const override { return in_channels; }
  std::int64_t channels_after(std::int64_t) const override { return out_channels; }
  ir::TensorId lower(Lowering& lowering, ir::TensorId x, const std::string& name) const override;
  std::string latency_key(const Shape& in, const Shape& out) const override;
};

ConvLayer read_conv(const config::JsonNode& node);

// Channels of the squeeze: a quarter, rounded to a multiple of 8 (Once-for-all's SEModule).
std::int64_t squeeze_channels(std::int64_t channels);

}  // namespace frugal::network
