#include "search/profile/module.h"

#include <torch/torch.h>

#include <cmath>
#include <memory>

#include "model/image/network.h"

namespace frugal::search {
namespace {

using network::ConvLayer;
using torch::Tensor;

// Positive numbers of a sensible size, so that no activation ends in subnormal numbers.
Tensor weights(at::IntArrayRef shape, bool channels_last) {
  double fan_in = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= static_cast<double>(shape[i]);
  const Tensor made = torch::randn(shape) * std::sqrt(2 / fan_in);
  return channels_last && shape.size() == 4 ? made.contiguous(torch::MemoryFormat::ChannelsLast) : made;
}

Forward convolution(const ConvLayer& layer, bool channels_last) {
  const Tensor weight =
      weights({layer.out_channels, layer.in_channels / layer.groups, layer.kernel_size, layer.kernel_size},
              channels_last);
  const Tensor bias = torch::full({layer.out_channels}, 0.1);
  Tensor reduce, expand, reduce_bias, expand_bias;
  if (layer.use_se) {
    const std::int64_t squeezed = network::squeeze_channels(layer.out_channels);
    reduce = weights({squeezed, layer.out_channels, 1, 1}, channels_last);
    expand = weights({layer.out_channels, squeezed, 1, 1}, channels_last);
    reduce_bias = torch::zeros({squeezed});
    expand_bias = torch::zeros({layer.out_channels});
  }
  return [=](const Tensor& x) {
    Tensor y = torch::conv2d(x, weight, bias, layer.stride, layer.dilation * (layer.kernel_size / 2),
                             layer.dilation, layer.groups);
    y = model::activate(std::move(y), layer.activation);
    if (!reduce.defined()) return y;
    const Tensor squeezed = torch::relu(torch::conv2d(y.mean({2, 3}, true), reduce, reduce_bias));
    return y * torch::hardsigmoid(torch::conv2d(squeezed, expand, expand_bias));
  };
}

Forward chain(std::vector<Forward> parts) {
  return [parts = std::move(parts)](const Tensor& input) {
    Tensor x = input;
    for (const Forward& part : parts) x = part(x);
    return x;
  };
}

Forward block(const network::Block& described, bool channels_last) {
  std::vector<Forward> parts;
  if (described.operation == network::Operation::mb_conv) {
    const network::MBConvLayer& layer = described.mb_conv;
    if (layer.has_expansion()) parts.push_back(convolution(layer.expansion(), channels_last));
    parts.push_back(convolution(layer.depthwise(), channels_last));
    parts.push_back(convolution(layer.projection(), channels_last));
  } else if (described.operation == network::Operation::conv) {
    parts.push_back(convolution(described.conv, channels_last));
  }
  Forward inner = chain(std::move(parts));
  if (!described.adds_shortcut()) return inner;
  return [inner = std::move(inner)](const Tensor& x) { return inner(x).add_(x); };
}

Forward head(const network::LinearLayer& layer) {
  const Tensor weight = weights({layer.out_features, layer.in_features}, false);
  const Tensor bias = torch::zeros({layer.out_features});
  return [=](const Tensor& x) { return torch::linear(x.mean({2, 3}), weight, bias); };
}

}  // namespace

Forward deployed(const Piece& piece, bool channels_last) {
  switch (piece.kind) {
    case Piece::Kind::block:
      return block(piece.block, channels_last);
    case Piece::Kind::pool:
      return [](const Tensor& x) { return x.mean({2, 3}, true); };
    case Piece::Kind::head:
      return head(piece.linear);
    default:
      return convolution(piece.conv, channels_last);
  }
}

Forward deployed(const network::NetworkConfig& network, bool channels_last) {
  std::vector<Forward> parts;
  for (const Piece& piece : pieces_of(network)) {
    if (!piece.is_free()) parts.push_back(deployed(piece, channels_last));
  }
  return chain(std::move(parts));
}

Tensor made_up_input(const network::Shape& shape, std::int64_t batch, bool channels_last) {
  const Tensor made = torch::rand({batch, shape.channels, shape.height, shape.width});
  return channels_last ? made.contiguous(torch::MemoryFormat::ChannelsLast) : made;
}

}  // namespace frugal::search
