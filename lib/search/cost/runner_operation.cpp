// Operations as JSON lines, for runners.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "network/json_fields.h"
#include "search/cost/runner.h"

namespace frugal::search {
namespace {

using Json = nlohmann::json;
using Node = config::JsonNode;
using Ordered = nlohmann::ordered_json;
using network::Shape;

struct KindName {
  Piece::Kind kind;
  const char* name;
};
// A block is called by its operation.
constexpr KindName kinds[] = {{Piece::Kind::first_conv, "first_conv"},
                              {Piece::Kind::final_expand, "final_expand"},
                              {Piece::Kind::feature_mix, "feature_mix"},
                              {Piece::Kind::pool, "pool"},
                              {Piece::Kind::head, "head"}};

Ordered shape_json(const Shape& shape) { return {shape.channels, shape.height, shape.width}; }

void put_conv(Ordered& json, const network::ConvLayer& layer) {
  json["kernel_size"] = layer.kernel_size;
  json["stride"] = layer.stride;
  json["dilation"] = layer.dilation;
  json["groups"] = layer.groups;
  json["act_func"] = network::name_of(layer.activation);
  json["use_se"] = layer.use_se;
}

Shape read_shape(const Node& node) {
  const auto extents = node.integers(network::extent());
  if (extents.size() != 3) node.fail("must be [channels, height, width], got " + node.json().dump());
  return {extents[0], extents[1], extents[2]};
}

// "" is none here, and the key must be there.
network::Activation read_activation(const Node& node) {
  const Node name = node["act_func"];
  if (const auto named = network::activation_named(name.text())) return *named;
  name.fail("unknown activation " + name.json().dump());
}

network::ConvLayer read_conv(const Node& node, const Piece& piece) {
  network::ConvLayer layer;
  layer.in_channels = piece.in.channels;
  layer.out_channels = piece.out.channels;
  layer.kernel_size = network::odd_kernel(node);
  layer.stride = node["stride"].integer(network::extent());
  layer.dilation = node["dilation"].integer(network::extent());
  layer.groups = node["groups"].integer(network::extent());
  layer.activation = read_activation(node);
  layer.use_se = node.flag_or("use_se", false);
  if (layer.in_channels % layer.groups != 0 || layer.out_channels % layer.groups != 0) {
    node.fail_at("groups", "is no convolution: groups that do not divide the channels");
  }
  return layer;
}

}  // namespace

Ordered operation_json(const Piece& piece) {
  Ordered json{{"id", 0}, {"key", key_of(piece, KeyStyle::own).value_or("")}};
  if (piece.kind != Piece::Kind::block) {
    for (const KindName& entry : kinds) {
      if (entry.kind == piece.kind) json["kind"] = entry.name;
    }
  } else {
    json["kind"] = piece.block.operation == network::Operation::mb_conv ? "mb_conv"
                   : piece.block.operation == network::Operation::conv  ? "conv"
                                                                        : "zero";
  }
  json["in"] = shape_json(piece.in);
  json["out"] = shape_json(piece.out);
  if (piece.kind == Piece::Kind::head || piece.kind == Piece::Kind::pool) return json;
  if (piece.kind != Piece::Kind::block) {
    put_conv(json, piece.conv);
    return json;
  }
  if (piece.block.operation == network::Operation::conv) put_conv(json, piece.block.conv);
  if (piece.block.operation == network::Operation::mb_conv) {
    const network::MBConvLayer& layer = piece.block.mb_conv;
    json["kernel_size"] = layer.kernel_size;
    json["stride"] = layer.stride;
    json["expand_ratio"] = layer.expand_ratio;
    json["mid_channels"] = layer.has_expansion() ? layer.expanded_channels() : layer.in_channels;
    json["act_func"] = network::name_of(layer.activation);
    json["use_se"] = layer.use_se;
  }
  json["shortcut"] = piece.block.shortcut;
  return json;
}

Piece read_operation(const Json& json, const std::string& place) {
  const Node node(json, place);
  const std::string kind = node["kind"].text();
  Piece piece;
  piece.name = "operation";
  piece.in = read_shape(node["in"]);
  piece.out = read_shape(node["out"]);
  for (const KindName& entry : kinds) {
    if (kind != entry.name) continue;
    piece.kind = entry.kind;
    if (piece.kind == Piece::Kind::head) {
      piece.linear.in_features = piece.in.channels;
      piece.linear.out_features = piece.out.channels;
    } else if (piece.kind != Piece::Kind::pool) {
      piece.conv = read_conv(node, piece);
    }
    return piece;
  }
  network::Block block;
  block.shortcut = node.flag_or("shortcut", false);
  if (kind == "mb_conv") {
    network::MBConvLayer& layer = block.mb_conv;
    block.operation = network::Operation::mb_conv;
    layer.in_channels = piece.in.channels;
    layer.out_channels = piece.out.channels;
    layer.kernel_size = network::odd_kernel(node);
    layer.stride = node["stride"].integer(network::extent());
    layer.mid_channels = node["mid_channels"].integer(network::extent());
    layer.expand_ratio = node.number_or("expand_ratio", 0) == 1 ? 1 : 6;  // only whether there is one
    layer.activation = read_activation(node);
    layer.use_se = node.flag_or("use_se", false);
  } else if (kind == "conv") {
    block.operation = network::Operation::conv;
    block.conv = read_conv(node, piece);
  } else {
    node.fail_at("kind", fmt::format("unknown operation '{}'", kind),
                 "mb_conv, conv, first_conv, final_expand, feature_mix, pool, head or network");
  }
  Piece read = block_piece(block, piece.in, piece.name);
  network::layer_costs(read.block, read.in, "operation");  // refuses what does not fit together
  return read;
}

}  // namespace frugal::search
