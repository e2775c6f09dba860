#include "search/cost/table_key.h"

#include <fmt/format.h>

#include "base/error.h"

namespace frugal::search {
namespace {

using network::Activation;
using network::MBConvLayer;
using network::Shape;

std::string channels_last(const Shape& s) { return fmt::format("{}x{}x{}", s.height, s.width, s.channels); }

std::string own_key(const Piece& piece) {
  switch (piece.kind) {
    case Piece::Kind::pool:
      return "pool " + network::to_text(piece.in);
    case Piece::Kind::head:
      return fmt::format("{}linear {} -> {}", piece.in.height * piece.in.width > 1 ? "pool " : "",
                         network::to_text(piece.in), piece.linear.out_features);
    default:
      break;
  }
  const std::string key = piece.block.layer->latency_key(piece.in, piece.out);
  return piece.block.shortcut && !piece.is_free() ? key + " skip" : key;
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
  if (piece.bottleneck() == nullptr) return std::nullopt;
  const MBConvLayer& layer = *piece.bottleneck();
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
  if (piece.bottleneck() == nullptr) return std::nullopt;
  const MBConvLayer& layer = *piece.bottleneck();
  const std::int64_t middle = layer.expanded_channels();
  return fmt::format("MBInvertedResBlock_{}_{}_{}_{}_k{}_s{}_{}/{}", piece.in.height, layer.in_channels,
                     layer.use_se ? network::squeeze_channels(middle) : 0, layer.out_channels,
                     layer.kernel_size, layer.stride,
                     layer.activation == Activation::h_swish ? "swish" : "relu", middle);
}

}  // namespace

std::vector<Piece> pieces_of(const network::NetworkConfig& network, std::int64_t resolution) {
  network::Lowered lowered = network::lower(network, resolution);
  std::vector<Piece> pieces;
  for (network::Part& part : lowered.parts) pieces.push_back({std::move(part), lowered.graph});
  return pieces;
}

Piece piece_of(const network::Part& part) {
  network::Lowered lowered = network::lower(part);
  return {std::move(lowered.parts.front()), std::move(lowered.graph)};
}

Piece block_piece(const network::Block& block, const Shape& in, const std::string& name) {
  network::Part part;
  part.name = name;
  part.block = block;
  part.in = in;
  return piece_of(part);
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
