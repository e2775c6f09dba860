#include "network/json_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::network {
namespace {

using Json = nlohmann::json;

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

JsonNode::JsonNode(const Json& json, std::string path, const std::string& origin)
    : json_(&json), path_(std::move(path)), origin_(origin) {
  if (!json.is_object()) fail("must be an object, got " + std::string(json.type_name()));
}

void JsonNode::fail(const std::string& message, const std::string& hint, const char* key) const {
  std::string place = path_.empty() && key == nullptr ? "/" : path_;
  if (key != nullptr) place += std::string("/") + key;
  throw base::UserError(origin_ + ":" + place, message, hint);
}

const Json* JsonNode::find(const char* key) const {
  asked_.emplace_back(key);
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

const Json& JsonNode::need(const char* key) const {
  const Json* found = find(key);
  if (found == nullptr) {
    std::vector<std::string> there;
    for (const auto& [name, value] : json_->items()) there.push_back(name);
    fail(fmt::format("needs the key '{}'", key), base::suggest(key, there));
  }
  return *found;
}

JsonNode JsonNode::child(const char* key) const { return {need(key), path_ + "/" + key, origin_}; }

std::optional<JsonNode> JsonNode::child_if(const char* key) const {
  const Json* found = find(key);
  if (found == nullptr) return std::nullopt;
  return JsonNode(*found, path_ + "/" + key, origin_);
}

std::vector<std::optional<JsonNode>> JsonNode::children(const char* key) const {
  const Json& list = need(key);
  if (!list.is_array()) fail("must be a list", "", key);
  std::vector<std::optional<JsonNode>> nodes;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].is_null()) {
      nodes.emplace_back();
    } else {
      nodes.emplace_back(JsonNode(list[i], fmt::format("{}/{}/{}", path_, key, i), origin_));
    }
  }
  return nodes;
}

std::int64_t JsonNode::integer(const char* key, std::int64_t low) const {
  return as_integer(need(key), key, low);
}

std::int64_t JsonNode::integer_or(const char* key, std::int64_t otherwise, std::int64_t low) const {
  const Json* found = find(key);
  return found == nullptr ? otherwise : as_integer(*found, key, low);
}

std::int64_t JsonNode::odd_kernel() const {
  const char* key = "kernel_size";
  const Json* value = &need(key);
  // Some files give [k, k].
  if (value->is_array() && value->size() == 2 && (*value)[0] == (*value)[1]) value = &(*value)[0];
  const std::int64_t kernel = as_integer(*value, key, 1);
  if (kernel % 2 == 0) fail(fmt::format("must be odd, got {}", kernel), "", key);
  return kernel;
}

double JsonNode::number_or(const char* key, double otherwise, double low, double high) const {
  const Json* found = find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_number()) fail(fmt::format("must be a number, got {}", found->dump()), "", key);
  const double value = found->get<double>();
  if (!(value >= low && value <= high)) {
    fail(fmt::format("must be in [{}, {}], got {}", low, high, value), "", key);
  }
  return value;
}

bool JsonNode::flag_or(const char* key, bool otherwise) const {
  const Json* found = find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_boolean()) fail(fmt::format("must be true or false, got {}", found->dump()), "", key);
  return found->get<bool>();
}

std::string JsonNode::text(const char* key) const {
  const Json& value = need(key);
  if (!value.is_string()) fail(fmt::format("must be text, got {}", value.dump()), "", key);
  return value.get<std::string>();
}

Activation JsonNode::activation_or(const char* key, Activation otherwise) const {
  asked_.emplace_back(key);
  const auto found = json_->find(key);
  if (found == json_->end()) return otherwise;
  if (found->is_null()) return Activation::none;
  if (!found->is_string()) fail(fmt::format("must be text or null, got {}", found->dump()), "", key);
  const auto name = found->get<std::string>();
  if (const auto known = activation_named(name); known && !name.empty()) return *known;
  std::vector<std::string> known;
  for (const ActivationName& entry : activations) known.emplace_back(entry.name);
  fail(fmt::format("unknown activation '{}'", name), base::suggest(name, known), key);
}

void JsonNode::finish() const {
  for (const auto& [key, value] : json_->items()) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    std::vector<std::string> absent;
    for (const std::string& name : asked_) {
      if (!json_->contains(name)) absent.push_back(name);
    }
    const std::string hint = base::suggest(key, absent);
    if (hint.starts_with("did you mean")) fail(fmt::format("unknown key '{}'", key), hint, key.c_str());
  }
}

std::int64_t JsonNode::as_integer(const Json& value, const char* key, std::int64_t low) const {
  if (!value.is_number_integer()) fail(fmt::format("must be a whole number, got {}", value.dump()), "", key);
  const auto number = value.get<std::int64_t>();
  constexpr std::int64_t high = 1 << 20;  // keeps every product of extents within 64 bits
  if (number < low || number > high) {
    fail(fmt::format("must be in [{}, {}], got {}", low, high, number), "", key);
  }
  return number;
}

}  // namespace frugal::network
