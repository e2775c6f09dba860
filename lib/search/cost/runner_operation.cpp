// Operations as JSON lines, for runners.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "search/cost/runner.h"

namespace frugal::search {
namespace {

using base::UserError;
using Json = nlohmann::json;
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

class Fields {
 public:
  Fields(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) throw UserError(place_, "must be one JSON object a line, got " + json.dump());
  }
  const Json& need(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) throw UserError(place_, fmt::format("needs '{}'", key));
    return *found;
  }
  std::int64_t integer(const char* key) const {
    const Json& value = need(key);
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > 1 << 20) {
      throw UserError(place_, fmt::format("'{}' must be in [1, {}], got {}", key, 1 << 20, value.dump()));
    }
    return value.get<std::int64_t>();
  }
  bool flag(const char* key) const { return json_.value(key, false); }
  Shape shape(const char* key) const {
    const Json& value = need(key);
    if (!value.is_array() || value.size() != 3) {
      throw UserError(place_, fmt::format("'{}' must be [channels, height, width]", key));
    }
    for (const Json& one : value) {
      if (!one.is_number_integer() || one.get<std::int64_t>() < 1 || one.get<std::int64_t>() > 1 << 20) {
        throw UserError(place_, fmt::format("'{}' must hold positive whole numbers", key));
      }
    }
    return {value[0].get<std::int64_t>(), value[1].get<std::int64_t>(), value[2].get<std::int64_t>()};
  }
  network::Activation activation() const {
    const Json& value = need("act_func");
    if (value.is_string()) {
      if (const auto named = network::activation_named(value.get<std::string>())) return *named;
    }
    throw UserError(place_, "unknown activation " + value.dump());
  }
  network::ConvLayer conv() const {
    network::ConvLayer layer;
    layer.in_channels = shape("in").channels;
    layer.out_channels = shape("out").channels;
    layer.kernel_size = integer("kernel_size");
    layer.stride = integer("stride");
    layer.dilation = integer("dilation");
    layer.groups = integer("groups");
    layer.activation = activation();
    layer.use_se = flag("use_se");
    if (layer.kernel_size % 2 == 0 || layer.in_channels % layer.groups != 0 ||
        layer.out_channels % layer.groups != 0) {
      throw UserError(place_, "is no convolution: an even kernel, or groups that do not divide the channels");
    }
    return layer;
  }

 private:
  const Json& json_;
  std::string place_;
};

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
  const Fields fields(json, place);
  const Json& kind = fields.need("kind");
  Piece piece;
  piece.name = "operation";
  piece.in = fields.shape("in");
  piece.out = fields.shape("out");
  for (const KindName& entry : kinds) {
    if (kind != entry.name) continue;
    piece.kind = entry.kind;
    if (piece.kind == Piece::Kind::head) {
      piece.linear.in_features = piece.in.channels;
      piece.linear.out_features = piece.out.channels;
    } else if (piece.kind != Piece::Kind::pool) {
      piece.conv = fields.conv();
    }
    return piece;
  }
  network::Block block;
  block.shortcut = fields.flag("shortcut");
  if (kind == "mb_conv") {
    block.operation = network::Operation::mb_conv;
    block.mb_conv.in_channels = piece.in.channels;
    block.mb_conv.out_channels = piece.out.channels;
    block.mb_conv.kernel_size = fields.integer("kernel_size");
    block.mb_conv.stride = fields.integer("stride");
    block.mb_conv.mid_channels = fields.integer("mid_channels");
    block.mb_conv.expand_ratio = json.value("expand_ratio", 0.0) == 1 ? 1 : 6;  // only whether there is one
    block.mb_conv.activation = fields.activation();
    block.mb_conv.use_se = fields.flag("use_se");
    if (block.mb_conv.kernel_size % 2 == 0) throw UserError(place, "the kernel must be odd");
  } else if (kind == "conv") {
    block.operation = network::Operation::conv;
    block.conv = fields.conv();
  } else {
    throw UserError(place, "unknown operation " + kind.dump(),
                    "mb_conv, conv, first_conv, final_expand, feature_mix, pool, head or network");
  }
  Piece read = block_piece(block, piece.in, piece.name);
  network::layer_costs(read.block, read.in, "operation");  // refuses what does not fit together
  return read;
}

}  // namespace frugal::search
