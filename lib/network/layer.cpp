#include "network/layer.h"

#include <fmt/format.h>

#include "base/error.h"
#include "config/json_node.h"
#include "network/conv_layer.h"
#include "network/mb_conv_layer.h"
#include "network/skip_layer.h"

namespace frugal::network {

const LayerKinds& layer_kinds() {
  static const LayerKinds kinds{
      {"MBInvertedConvLayer", read_mb_conv},
      {"MBConvLayer", read_mb_conv},  // Once-for-all's name
      {"ZeroLayer", read_zero},
      {"IdentityLayer", read_identity},
      {"ConvLayer", [](const config::JsonNode& node) -> std::shared_ptr<const Layer> {
         return std::make_shared<ConvLayer>(read_conv(node));
       }}};
  return kinds;
}

std::shared_ptr<const Layer> read_layer(const config::JsonNode& node, const LayerKinds& kinds) {
  const std::string name = node["name"].text();
  std::vector<std::string> known;
  for (const LayerKind& kind : kinds) {
    if (name == kind.name) return kind.read(node);
    known.emplace_back(kind.name);
  }
  node.fail_at("name", fmt::format("unknown operation '{}'", name), base::suggest(name, known));
}

std::string to_text(const Shape& shape) {
  return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

}  // namespace frugal::network
