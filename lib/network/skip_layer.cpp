#include "network/skip_layer.h"

#include <nlohmann/json.hpp>

#include "network/json_fields.h"

namespace frugal::network {

std::shared_ptr<const Layer> read_zero(const config::JsonNode& node) {
  if (node.integer_or("stride", 1, extent()) != 1) {
    node.fail_at("stride", "a ZeroLayer has stride 1 (its block is the shortcut)");
  }
  node.finish();
  return std::make_shared<ZeroLayer>();
}

std::shared_ptr<const Layer> read_identity(const config::JsonNode&) {
  return std::make_shared<IdentityLayer>();
}

nlohmann::ordered_json ZeroLayer::to_json() const { return {{"name", name()}, {"stride", 1}}; }
nlohmann::ordered_json IdentityLayer::to_json() const { return {{"name", name()}}; }

}  // namespace frugal::network
