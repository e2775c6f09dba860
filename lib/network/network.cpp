#include "network/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "network/frame.h"

namespace frugal::network {
namespace {

using base::UserError;

// Walks a network as data would, and notes every layer with weights.
class Walk {
 public:
  Walk(Shape input, std::string origin) : shape_(input), origin_(std::move(origin)) {}

  void conv(const std::string& name, const ConvLayer& layer) {
    if (shape_.channels != layer.in_channels) {
      throw UserError(place(name), fmt::format("takes {} channels, but what comes before gives {}",
                                               layer.in_channels, shape_.channels));
    }
    const auto extent = [&](std::int64_t size) {
      const std::int64_t padding = layer.dilation * (layer.kernel_size / 2);
      const std::int64_t span = layer.dilation * (layer.kernel_size - 1) + 1;
      return size + 2 * padding < span ? 0 : (size + 2 * padding - span) / layer.stride + 1;
    };
    const Shape out{layer.out_channels, extent(shape_.height), extent(shape_.width)};
    if (out.height < 1 || out.width < 1) {
      throw UserError(place(name), "leaves no pixel of the image",
                      "give a larger resolution or smaller strides");
    }
    LayerCost cost{name, shape_, out, layer.kernel_size, layer.stride, layer.groups, 0, 0};
    const std::int64_t weights =
        layer.out_channels * (layer.in_channels / layer.groups) * layer.kernel_size * layer.kernel_size;
    cost.parameters =
        weights + (layer.bias ? layer.out_channels : 0) + (layer.use_bn ? 2 * layer.out_channels : 0);
    cost.macs = weights * out.height * out.width;
    costs_.push_back(cost);
    shape_ = out;
    if (layer.use_se) squeeze(name + ".se");
  }

  void linear(const std::string& name, const LinearLayer& layer) {
    if (shape_.channels != layer.in_features) {
      throw UserError(place(name), fmt::format("takes {} features, but what comes before gives {}",
                                               layer.in_features, shape_.channels));
    }
    const Shape out{layer.out_features, 1, 1};
    const std::int64_t weights = layer.in_features * layer.out_features;
    costs_.push_back({name, shape_, out, 1, 1, 1, weights + (layer.bias ? layer.out_features : 0), weights});
    shape_ = out;
  }

  void block(const std::string& prefix, const std::string& key, const Block& block) {
    const Shape before = shape_;
    const std::string name = prefix + "." + key;
    if (block.operation == Operation::mb_conv) {
      if (block.mb_conv.has_expansion()) conv(name + ".inverted_bottleneck", block.mb_conv.expansion());
      conv(name + ".depth_conv", block.mb_conv.depthwise());
      conv(name + ".point_linear", block.mb_conv.projection());
    } else if (block.operation == Operation::conv) {
      conv(name, block.conv);
    }
    if (block.adds_shortcut() && before != shape_) {
      throw UserError(place(prefix),
                      fmt::format("has a shortcut from {}x{}x{} to {}x{}x{}", before.channels, before.height,
                                  before.width, shape_.channels, shape_.height, shape_.width),
                      "a shortcut needs stride 1 and as many channels out as in");
    }
  }

  void pool() { shape_.height = shape_.width = 1; }

  std::vector<LayerCost> take() { return std::move(costs_); }

 private:
  void squeeze(const std::string& name) {
    const Shape full = shape_;
    const std::int64_t squeezed = squeeze_channels(full.channels);
    const std::int64_t weights = full.channels * squeezed;
    const Shape one{full.channels, 1, 1}, small{squeezed, 1, 1};
    costs_.push_back({name + ".fc.reduce", one, small, 1, 1, 1, weights + squeezed, weights});
    costs_.push_back({name + ".fc.expand", small, one, 1, 1, 1, weights + full.channels, weights});
  }

  std::string place(const std::string& name) const {
    std::string pointer = "/" + name;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    return origin_.empty() ? "network:" + pointer : origin_ + ":" + pointer;
  }

  Shape shape_;
  std::string origin_;
  std::vector<LayerCost> costs_;
};

}  // namespace

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
  layer.in_channels = layer.out_channels = layer.groups = has_expansion() ? expanded_channels() : in_channels;
  layer.kernel_size = kernel_size;
  layer.stride = stride;
  layer.activation = activation;
  layer.use_se = use_se;
  return layer;
}

ConvLayer MBConvLayer::projection() const {
  ConvLayer layer;
  layer.in_channels = has_expansion() ? expanded_channels() : in_channels;
  layer.out_channels = out_channels;
  layer.activation = Activation::none;
  return layer;
}

std::int64_t squeeze_channels(std::int64_t channels) {
  const std::int64_t quarter = channels / 4;
  return make_divisible(static_cast<double>(quarter), 8);
}

std::vector<LayerCost> layer_costs(const NetworkConfig& network, std::int64_t resolution,
                                   const std::string& origin) {
  const std::int64_t size = resolution > 0 ? resolution : network.resolution;
  Walk walk({network.input_channels(), size, size}, origin);
  walk.conv("first_conv", network.first_conv);
  for (std::size_t i = 0; i < network.blocks.size(); ++i) {
    walk.block(fmt::format("blocks.{}", i), "mobile_inverted_conv", network.blocks[i]);
  }
  if (network.final_expand_layer) walk.conv("final_expand_layer", *network.final_expand_layer);
  if (network.mixes_after_pool()) walk.pool();
  if (network.feature_mix_layer) walk.conv("feature_mix_layer", *network.feature_mix_layer);
  walk.pool();
  walk.linear("classifier", network.classifier);
  return walk.take();
}

std::vector<LayerCost> layer_costs(const Block& block, const Shape& in, const std::string& name) {
  Walk walk(in, "");
  walk.block(name, "mobile_inverted_conv", block);
  return walk.take();
}

std::vector<LayerCost> layer_costs(const ConvLayer& layer, const Shape& in, const std::string& name) {
  Walk walk(in, "");
  walk.conv(name, layer);
  return walk.take();
}

std::vector<LayerCost> layer_costs(const LinearLayer& layer, const Shape& in, const std::string& name) {
  Walk walk(in, "");
  walk.pool();
  walk.linear(name, layer);
  return walk.take();
}

std::int64_t parameter_count(const NetworkConfig& network) {
  std::int64_t total = 0;
  for (const LayerCost& layer : layer_costs(network)) total += layer.parameters;
  return total;
}

std::int64_t mac_count(const NetworkConfig& network, std::int64_t resolution) {
  std::int64_t total = 0;
  for (const LayerCost& layer : layer_costs(network, resolution)) total += layer.macs;
  return total;
}

}  // namespace frugal::network
