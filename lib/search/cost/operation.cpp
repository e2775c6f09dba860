#include "search/cost/operation.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "network/json_fields.h"

namespace frugal::search {
namespace {

using config::JsonNode;
using network::ConvLayer;
using network::MBConvLayer;
using network::Shape;
using Ordered = nlohmann::ordered_json;

struct KindName {
  Piece::Kind kind;
  const char* name;
};
// A block is called by its layer.
constexpr KindName kinds[] = {{Piece::Kind::first_conv, "first_conv"},
                              {Piece::Kind::final_expand, "final_expand"},
                              {Piece::Kind::feature_mix, "feature_mix"},
                              {Piece::Kind::pool, "pool"},
                              {Piece::Kind::head, "head"}};

Ordered shape_json(const Shape& shape) { return {shape.channels, shape.height, shape.width}; }

void put_conv(Ordered& json, const ConvLayer& layer) {
  json["kernel_size"] = layer.kernel_size;
  json["stride"] = layer.stride;
  json["dilation"] = layer.dilation;
  json["groups"] = layer.groups;
  json["act_func"] = network::name_of(layer.activation);
  json["use_se"] = layer.use_se;
}

void put_bottleneck(Ordered& json, const MBConvLayer& layer) {
  json["kernel_size"] = layer.kernel_size;
  json["stride"] = layer.stride;
  json["expand_ratio"] = layer.expand_ratio;
  json["mid_channels"] = layer.middle_channels();
  json["act_func"] = network::name_of(layer.activation);
  json["use_se"] = layer.use_se;
}

Shape read_shape(const JsonNode& node) {
  const std::vector<std::int64_t> sizes = node.integers(network::extent());
  if (sizes.size() != 3) node.fail("must be [channels, height, width]");
  return {sizes[0], sizes[1], sizes[2]};
}

network::Activation read_activation(const JsonNode& node) {
  const JsonNode field = node["act_func"];
  const auto named = network::activation_named(field.text());
  if (!named) {
    field.fail("unknown activation " + field.json().dump(),
               base::suggest(field.text(), network::activation_names()));
  }
  return *named;
}

// What both kinds of convolution have.
template <typename Layer>
Layer read_window(const JsonNode& node) {
  Layer layer;
  layer.in_channels = read_shape(node["in"]).channels;
  layer.out_channels = read_shape(node["out"]).channels;
  layer.kernel_size = network::odd_kernel(node);
  layer.stride = node["stride"].integer(network::extent());
  layer.activation = read_activation(node);
  layer.use_se = node.flag_or("use_se", false);
  return layer;
}

ConvLayer read_conv(const JsonNode& node) {
  auto layer = read_window<ConvLayer>(node);
  layer.dilation = node["dilation"].integer(network::extent());
  layer.groups = node["groups"].integer(network::extent());
  if (layer.in_channels % layer.groups != 0 || layer.out_channels % layer.groups != 0) {
    node.fail_at("groups", fmt::format("{} groups do not divide {} and {} channels", layer.groups,
                                       layer.in_channels, layer.out_channels));
  }
  return layer;
}

MBConvLayer read_bottleneck(const JsonNode& node) {
  auto layer = read_window<MBConvLayer>(node);
  layer.mid_channels = node["mid_channels"].integer(network::extent());
  layer.expand_ratio = node.number_or("expand_ratio", 0) == 1 ? 1 : 6;  // only whether there is one
  return layer;
}

void read_block(const JsonNode& node, const std::string& kind, network::Block& block) {
  block.shortcut = node.flag_or("shortcut", false);
  if (kind == "mb_conv") {
    block.set(read_bottleneck(node));
  } else if (kind == "conv") {
    block.set(read_conv(node));
  } else if (kind == "layer") {
    block.layer = network::read_layer(node["layer"]);
  } else {
    node.fail_at("kind", fmt::format("unknown operation '{}'", kind),
                 "mb_conv, conv, layer, first_conv, final_expand, feature_mix, pool, head or network");
  }
}

}  // namespace

Ordered operation_json(const Piece& piece) {
  const network::Layer& layer = *piece.block.layer;
  const auto* conv = piece.block.as<ConvLayer>();
  Ordered json{{"id", 0}, {"key", key_of(piece, KeyStyle::own).value_or("")}};
  if (piece.kind == Piece::Kind::block) {
    json["kind"] = piece.bottleneck() != nullptr ? "mb_conv"
                   : conv != nullptr             ? "conv"
                   : layer.is_free()             ? "zero"
                                                 : "layer";
  } else {
    for (const KindName& entry : kinds) {
      if (entry.kind == piece.kind) json["kind"] = entry.name;
    }
  }
  json["in"] = shape_json(piece.in);
  json["out"] = shape_json(piece.out);
  if (piece.kind == Piece::Kind::head || piece.kind == Piece::Kind::pool) return json;
  if (conv != nullptr) {
    put_conv(json, *conv);
  } else if (const MBConvLayer* bottleneck = piece.bottleneck()) {
    put_bottleneck(json, *bottleneck);
  } else if (!layer.is_free()) {
    json["layer"] = layer.to_json();
  }
  if (piece.kind == Piece::Kind::block) json["shortcut"] = piece.block.shortcut;
  return json;
}

Piece read_operation(const nlohmann::json& json, const std::string& place) {
  const JsonNode node(json, place);
  const std::string kind = node["kind"].text();
  network::Part part;
  part.name = "operation";
  part.in = read_shape(node["in"]);
  for (const KindName& entry : kinds) {
    if (kind != entry.name) continue;
    part.kind = entry.kind;
    if (part.kind == Piece::Kind::head) {
      part.linear.in_features = part.in.channels;
      part.linear.out_features = read_shape(node["out"]).channels;
    } else if (part.kind != Piece::Kind::pool) {
      part.block.set(read_conv(node));
    }
    return piece_of(part);
  }
  read_block(node, kind, part.block);
  return piece_of(part);
}

}  // namespace frugal::search
