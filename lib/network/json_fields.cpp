#include "network/json_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::network {

using Ordered = nlohmann::ordered_json;

std::int64_t odd_kernel(const config::JsonNode& node) {
  const config::JsonNode kernel = node["kernel_size"];
  const nlohmann::json& value = kernel.json();
  const bool pair = value.is_array() && value.size() == 2 && value[0] == value[1];  // some files give [k, k]
  const std::int64_t size = pair ? kernel[0].integer(extent()) : kernel.integer(extent());
  if (size % 2 == 0) kernel.fail(fmt::format("must be odd, got {}", size));
  return size;
}

Activation activation_or(const config::JsonNode& node, const std::string& key, Activation otherwise) {
  const auto found = node.given(key);
  if (!found) return otherwise;
  if (found->is_null()) return Activation::none;
  const std::string name = found->text();
  if (const auto known = activation_named(name); known && !name.empty()) return *known;
  found->fail(fmt::format("unknown activation '{}'", name), base::suggest(name, activation_names()));
}

Ordered activation_json(Activation activation) {
  return activation == Activation::none ? Ordered(nullptr) : Ordered(name_of(activation));
}

void check_order(const config::JsonNode& node) {
  if (const auto order = node.find("ops_order"); order && order->json() != "weight_bn_act") {
    order->fail(fmt::format("only weight_bn_act is supported, got {}", order->json().dump()));
  }
}

Ordered number_json(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? Ordered(whole) : Ordered(value);
}

}  // namespace frugal::network
