#include "network/frame.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::network {

std::int64_t make_divisible(double value, std::int64_t divisor) {
  auto rounded = static_cast<std::int64_t>(value + static_cast<double>(divisor) / 2) / divisor * divisor;
  rounded = std::max(divisor, rounded);
  if (static_cast<double>(rounded) < 0.9 * value) rounded += divisor;
  return rounded;
}

void FrameConfig::visit(config::Visitor& v) {
  using config::at_least, config::between, config::greater_than;
  v.field("input_channels", input_channels, at_least(1), "channels of the image");
  v.field("classes", classes, at_least(1), "outputs of the classifier");
  v.field("resolution", resolution, at_least(1), "height and width of the image in pixels");
  v.field("width_multiplier", width_multiplier, greater_than(0), "multiplies every width");
  v.field("divisor", divisor, at_least(1), "multiplied widths are rounded to multiples of it");
  v.field("stem", stem, at_least(1), "width of the first convolution");
  v.field("stem_stride", stem_stride, between(1, 8), "its stride");
  v.field("stem_kernel", stem_kernel, between(1, 31), "its kernel, odd");
  v.field("head", head, at_least(0), "width of the 1x1 convolution before the pool; 0: none");
  v.field("dropout", dropout, config::Range{0, 1, false, true}, "before the classifier");
  v.field("bn_momentum", bn_momentum, config::fraction(), "batch norm: share of the new statistics");
  v.field("bn_eps", bn_eps, greater_than(0), "batch norm: added to the variance");
}

std::int64_t FrameConfig::width_of(std::int64_t width) const {
  return width_multiplier == 1 ? width
                               : make_divisible(static_cast<double>(width) * width_multiplier, divisor);
}

NetworkConfig FrameConfig::open(const std::string& place) const {
  if (stem_kernel % 2 == 0) {
    throw base::UserError(place, fmt::format("stem_kernel must be odd, got {}", stem_kernel));
  }
  NetworkConfig network;
  network.bn = {bn_momentum, bn_eps};
  network.resolution = resolution;
  network.first_conv.in_channels = input_channels;
  network.first_conv.out_channels = width_of(stem);
  network.first_conv.kernel_size = stem_kernel;
  network.first_conv.stride = stem_stride;
  return network;
}

void FrameConfig::close(NetworkConfig& network, std::int64_t channels, std::int64_t head_width) const {
  if (head_width > 0) {
    ConvLayer layer;
    layer.in_channels = channels;
    layer.out_channels = channels = head_width;
    network.feature_mix_layer = layer;
  }
  network.classifier = {channels, classes, true, dropout};
}

}  // namespace frugal::network
