#include "search/cost/table_key.h"

#include <fmt/format.h>

#include "base/error.h"

namespace frugal::search {
namespace {

using network::Activation;
using network::Block;
using network::ConvLayer;
using network::MBConvLayer;
using network::Operation;
using network::Shape;

Shape after(const ConvLayer& layer, const Shape& in) {
  const auto extent = [&](std::int64_t size) {
    return (size + 2 * (layer.dilation * (layer.kernel_size / 2)) -
            (layer.dilation * (layer.kernel_size - 1) + 1)) /
               layer.stride +
           1;
  };
  return {layer.out_channels, extent(in.height), extent(in.width)};
}

std::string channels_first(const Shape& s) { return fmt::format("{}x{}x{}", s.channels, s.height, s.width); }
std::string channels_last(const Shape& s) { return fmt::format("{}x{}x{}", s.height, s.width, s.channels); }

std::string own_conv(const ConvLayer& layer, const Piece& piece) {
  std::string key = fmt::format("conv {} -> {} k{} s{}", channels_first(piece.in), channels_first(piece.out),
                                layer.kernel_size, layer.stride);
  if (layer.groups > 1) key += fmt::format(" g{}", layer.groups);
  if (layer.dilation > 1) key += fmt::format(" d{}", layer.dilation);
  if (layer.activation != Activation::none) key += std::string(" ") + network::name_of(layer.activation);
  if (layer.use_se) key += " se";
  return key;
}

std::string own_key(const Piece& piece) {
  switch (piece.kind) {
    case Piece::Kind::pool:
      return "pool " + channels_first(piece.in);
    case Piece::Kind::head:
      return fmt::format("{}linear {} -> {}", piece.in.height * piece.in.width > 1 ? "pool " : "",
                         channels_first(piece.in), piece.linear.out_features);
    case Piece::Kind::block:
      break;
    default:
      return own_conv(piece.conv, piece);
  }
  const Block& block = piece.block;
  const std::string skip = block.shortcut ? " skip" : "";
  if (block.operation == Operation::conv) return own_conv(block.conv, piece) + skip;
  if (block.operation != Operation::mb_conv) return "zero " + channels_first(piece.in);
  const MBConvLayer& layer = block.mb_conv;
  const std::int64_t middle = layer.has_expansion() ? layer.expanded_channels() : layer.in_channels;
  return fmt::format("mb_conv {} -> {} k{} s{} {}{} {}{}{}", channels_first(piece.in),
                     channels_first(piece.out), layer.kernel_size, layer.stride,
                     layer.has_expansion() ? "m" : "dw", middle, network::name_of(layer.activation),
                     layer.use_se ? " se" : "", skip);
}

// As LatencyEstimator.predict (ProxylessNAS) and the latency tables of Once-for-all build them.
std::optional<std::string> yaml_key(const Piece& piece, bool mobilenetv3) {
  const std::string shapes = fmt::format("-input:{}-output:", channels_last(piece.in));
  switch (piece.kind) {
    case Piece::Kind::first_conv:
      return "Conv" + shapes + channels_last(piece.out);
    case Piece::Kind::final_expand:
      return "Conv_1" + shapes + channels_last(piece.out);
    case Piece::Kind::pool:
      return "AvgPool2D" + shapes + channels_last(piece.out);
    case Piece::Kind::feature_mix:
      return (piece.in.height == 1 && mobilenetv3 ? "Conv_2" : "Conv_1") + shapes + channels_last(piece.out);
    case Piece::Kind::head:
      return "Logits" + shapes + std::to_string(piece.linear.out_features);
    case Piece::Kind::block:
      break;
  }
  if (piece.block.operation != Operation::mb_conv) return std::nullopt;
  const MBConvLayer& layer = piece.block.mb_conv;
  // "%d" of their program: a ratio that is no whole number loses its fraction.
  const auto ratio = static_cast<std::int64_t>(layer.expand_ratio);
  std::string key = fmt::format("expanded_conv{}{}-expand:{}-kernel:{}-stride:{}-idskip:{}", shapes,
                                channels_last(piece.out), mobilenetv3 ? layer.expanded_channels() : ratio,
                                layer.kernel_size, layer.stride, piece.block.shortcut ? 1 : 0);
  if (mobilenetv3) {
    key += fmt::format("-se:{}-hs:{}", layer.use_se ? 1 : 0, layer.activation == Activation::h_swish ? 1 : 0);
  }
  return key;
}

// TF-NAS's squeeze of a block with ratio 4 or 8 is what Once-for-all's rule gives; its "swish" is h_swish
// here, its "relu" also ReLU6.
std::optional<std::string> tf_nas_key(const Piece& piece) {
  if (piece.kind != Piece::Kind::block || piece.block.operation != Operation::mb_conv) return std::nullopt;
  const MBConvLayer& layer = piece.block.mb_conv;
  const std::int64_t middle = layer.expanded_channels();
  return fmt::format("MBInvertedResBlock_{}_{}_{}_{}_k{}_s{}_{}/{}", piece.in.height, layer.in_channels,
                     layer.use_se ? network::squeeze_channels(middle) : 0, layer.out_channels,
                     layer.kernel_size, layer.stride,
                     layer.activation == Activation::h_swish ? "swish" : "relu", middle);
}

}  // namespace

bool Piece::is_free() const {
  return kind == Kind::block &&
         (block.operation == Operation::zero || block.operation == Operation::identity);
}

Piece block_piece(const Block& block, const Shape& in, const std::string& name) {
  Piece piece;
  piece.kind = Piece::Kind::block;
  piece.name = name;
  piece.block = block;
  piece.in = piece.out = in;
  if (block.operation == Operation::conv) piece.out = after(block.conv, in);
  if (block.operation == Operation::mb_conv) {
    piece.out = after(block.mb_conv.depthwise(), in);
    piece.out.channels = block.mb_conv.out_channels;
  }
  return piece;
}

std::vector<Piece> pieces_of(const network::NetworkConfig& network, std::int64_t resolution) {
  network::layer_costs(network, resolution);  // refuses what does not fit together
  const std::int64_t size = resolution > 0 ? resolution : network.resolution;
  Shape shape{network.input_channels(), size, size};
  std::vector<Piece> pieces;
  const auto add_conv = [&](Piece::Kind kind, const char* name, const ConvLayer& layer) {
    Piece piece;
    piece.kind = kind;
    piece.name = name;
    piece.conv = layer;
    piece.in = shape;
    shape = piece.out = after(layer, shape);
    pieces.push_back(piece);
  };
  add_conv(Piece::Kind::first_conv, "first_conv", network.first_conv);
  for (std::size_t i = 0; i < network.blocks.size(); ++i) {
    pieces.push_back(block_piece(network.blocks[i], shape, fmt::format("blocks.{}", i)));
    shape = pieces.back().out;
  }
  if (network.final_expand_layer) {
    add_conv(Piece::Kind::final_expand, "final_expand_layer", *network.final_expand_layer);
  }
  if (network.mixes_after_pool()) {
    Piece pool;
    pool.kind = Piece::Kind::pool;
    pool.name = "pool";
    pool.in = shape;
    shape.height = shape.width = 1;
    pool.out = shape;
    pieces.push_back(pool);
  }
  if (network.feature_mix_layer) {
    add_conv(Piece::Kind::feature_mix, "feature_mix_layer", *network.feature_mix_layer);
  }
  Piece head;
  head.kind = Piece::Kind::head;
  head.name = "classifier";
  head.linear = network.classifier;
  head.in = shape;
  head.out = {network.classifier.out_features, 1, 1};
  pieces.push_back(head);
  return pieces;
}

const char* name_of(KeyStyle style) {
  switch (style) {
    case KeyStyle::own:
      return "frugal";
    case KeyStyle::proxyless:
      return "proxyless";
    case KeyStyle::mobilenetv3:
      return "mobilenetv3";
    case KeyStyle::tf_nas:
      return "tf-nas";
  }
  FRUGAL_ASSERT(false, "a key style without its name");
  return "";
}

std::optional<std::string> key_of(const Piece& piece, KeyStyle style) {
  switch (style) {
    case KeyStyle::own:
      return own_key(piece);
    case KeyStyle::proxyless:
      return yaml_key(piece, false);
    case KeyStyle::mobilenetv3:
      return yaml_key(piece, true);
    case KeyStyle::tf_nas:
      return tf_nas_key(piece);
  }
  return std::nullopt;
}

}  // namespace frugal::search
