#include "network/json_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::network {
namespace {

struct ActivationName {
  Activation activation;
  const char* name;
};
constexpr ActivationName activations[] = {
    {Activation::relu, "relu"},           {Activation::relu6, "relu6"},     {Activation::h_swish, "h_swish"},
    {Activation::h_sigmoid, "h_sigmoid"}, {Activation::sigmoid, "sigmoid"}, {Activation::tanh, "tanh"}};

}  // namespace

const char* name_of(Activation activation) {
  for (const ActivationName& entry : activations) {
    if (entry.activation == activation) return entry.name;
  }
  return "";
}

std::optional<Activation> activation_named(const std::string& name) {
  if (name.empty()) return Activation::none;
  for (const ActivationName& entry : activations) {
    if (name == entry.name) return entry.activation;
  }
  return std::nullopt;
}

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
  std::vector<std::string> known;
  for (const ActivationName& entry : activations) known.emplace_back(entry.name);
  found->fail(fmt::format("unknown activation '{}'", name), base::suggest(name, known));
}

}  // namespace frugal::network
