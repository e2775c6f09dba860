#include "config/json_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "config/internal.h"

namespace frugal::config {

using base::UserError;
using Json = nlohmann::json;

namespace {

bool was_set(const std::vector<std::string>* pointers, const std::string& path) {
  return pointers != nullptr &&
         std::any_of(pointers->begin(), pointers->end(), [&](const std::string& given) {
           return path == given || path.starts_with(given + "/");
         });
}

}  // namespace

JsonNode::JsonNode(const Json& json, std::string origin, std::string path, const char* hint)
    : json_(&json), origin_(std::move(origin)), path_(std::move(path)), hint_(hint) {}

JsonNode::JsonNode(const Source& source)
    : json_(&source.json()), origin_(source.origin), overridden_(&source.overridden) {}

bool JsonNode::flag() const {
  if (!json_->is_boolean()) fail("must be true or false, got " + got());
  return json_->get<bool>();
}

double JsonNode::number(const Range& range) const {
  if (!json_->is_number()) fail("must be a number, got " + got());
  const double value = json_->get<double>();
  if (!range.contains(value)) fail(fmt::format("{}, got {}", range.text(), shown(*json_)));
  return value;
}

std::int64_t JsonNode::integer(const Range& range) const {
  if (!json_->is_number()) fail("must be a whole number, got " + got());
  const double value = json_->get<double>();
  if (value != std::floor(value)) fail("must be a whole number, got " + shown(*json_));
  if (!range.contains(value)) fail(fmt::format("{}, got {}", range.text(), shown(*json_)));
  if (std::fabs(value) > 9.0e18) fail("is too large for a whole number: " + shown(*json_));
  return json_->is_number_integer() ? json_->get<std::int64_t>() : static_cast<std::int64_t>(value);
}

std::string JsonNode::text() const {
  if (json_->is_string()) return json_->get<std::string>();
  const bool whole = json_->is_number_integer();
  // A shell has no types: a size of 31000 bytes, class 3, a run named 2026.
  if (whole && was_set(overridden_, path_)) return json_->dump();
  fail("must be text, got " + got(), whole ? "\"" + json_->dump() + "\"" : "");
}

std::string JsonNode::one_of(const std::vector<std::string>& choices) const {
  const std::string given = text();
  if (std::find(choices.begin(), choices.end(), given) == choices.end()) {
    fail(fmt::format("unknown value '{}'", given), base::suggest(given, choices));
  }
  return given;
}

std::vector<std::int64_t> JsonNode::integers(const Range& each) const {
  std::vector<std::int64_t> values;
  for (const JsonNode& one : elements()) values.push_back(one.integer(each));
  return values;
}

std::vector<double> JsonNode::numbers(const Range& each) const {
  std::vector<double> values(size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Json& one = (*json_)[i];  // no node an element: lists of draws are long
    if (!one.is_number() || !each.contains(values[i] = one.get<double>())) (*this)[i].number(each);
  }
  return values;
}

std::vector<std::string> JsonNode::texts() const {
  std::vector<std::string> values;
  for (const JsonNode& one : elements()) values.push_back(one.text());
  return values;
}

bool JsonNode::is_null() const { return json_->is_null(); }

std::size_t JsonNode::size() const {
  if (!json_->is_array()) fail("must be a list, got " + got());
  return json_->size();
}

JsonNode JsonNode::operator[](std::size_t i) const {
  FRUGAL_ASSERT(i < size(), "an element of a JSON list beyond its end");
  return at((*json_)[i], std::to_string(i));
}

std::vector<JsonNode> JsonNode::elements() const {
  std::vector<JsonNode> nodes;
  nodes.reserve(size());
  for (std::size_t i = 0; i < json_->size(); ++i) nodes.push_back((*this)[i]);
  return nodes;
}

JsonNode JsonNode::operator[](const std::string& key) const {
  if (auto found = find(key)) return *std::move(found);
  std::vector<std::string> there;
  for (const auto& [name, value] : json_->items()) there.push_back(name);
  const std::string nearest = base::suggest(key, there);
  fail(fmt::format("needs the key '{}'", key),
       hint_ == nullptr || nearest.starts_with("did you mean") ? nearest : hint_);
}

std::optional<JsonNode> JsonNode::find(const std::string& key) const {
  auto found = given(key);
  if (found && found->is_null()) found.reset();
  return found;
}

bool JsonNode::has(const std::string& key) const {
  ignore(key);
  const auto found = must_be_object().json_->find(key);
  return found != json_->end() && !found->is_null();
}

std::vector<std::pair<std::string, JsonNode>> JsonNode::members() const {
  must_be_object();
  std::vector<std::pair<std::string, JsonNode>> nodes;
  nodes.reserve(json_->size());
  for (const auto& [key, value] : json_->items()) {
    ignore(key);
    nodes.emplace_back(key, at(value, key));
  }
  return nodes;
}

std::optional<JsonNode> JsonNode::given(const std::string& key) const {
  ignore(key);
  const auto found = must_be_object().json_->find(key);
  if (found == json_->end()) return std::nullopt;
  return at(*found, key);
}

bool JsonNode::flag_or(const std::string& key, bool otherwise) const {
  const auto found = find(key);
  return found ? found->flag() : otherwise;
}

std::int64_t JsonNode::integer_or(const std::string& key, std::int64_t otherwise, const Range& range) const {
  const auto found = find(key);
  return found ? found->integer(range) : otherwise;
}

double JsonNode::number_or(const std::string& key, double otherwise, const Range& range) const {
  const auto found = find(key);
  return found ? found->number(range) : otherwise;
}

std::string JsonNode::text_or(const std::string& key, const std::string& otherwise) const {
  const auto found = find(key);
  return found ? found->text() : otherwise;
}

const JsonNode& JsonNode::must_be_object() const {
  if (!json_->is_object()) fail("must be an object, got " + got());
  return *this;
}

void JsonNode::ignore(const std::string& key) const { asked_.push_back(key); }

void JsonNode::finish() const {
  std::vector<std::string> absent;
  for (const std::string& name : asked_) {
    if (!json_->contains(name)) absent.push_back(name);
  }
  for (const auto& [key, value] : must_be_object().json_->items()) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    const std::string hint = base::suggest(key, absent);
    if (hint.starts_with("did you mean")) fail_at(key, fmt::format("unknown key '{}'", key), hint);
  }
}

void JsonNode::refuse_unknown() const {
  for (const auto& [key, value] : must_be_object().json_->items()) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    fail_at(key, fmt::format("unknown key '{}'", key), base::suggest(key, asked_));
  }
}

void JsonNode::fail(const std::string& message, const std::string& hint) const {
  throw UserError(place(), message, hint);
}

void JsonNode::fail_at(const std::string& key, const std::string& message, const std::string& hint) const {
  throw UserError(place_of(path_ + "/" + key), message, hint);
}

JsonNode JsonNode::at(const Json& json, const std::string& step) const {
  JsonNode node(json, origin_, path_ + "/" + step, hint_);
  node.overridden_ = overridden_;
  return node;
}

std::string JsonNode::place_of(const std::string& path) const {
  if (was_set(overridden_, path)) return "--set " + path.substr(1);
  return fmt::format("{}:{}", origin_, path.empty() ? "/" : path);
}

std::string JsonNode::got() const { return fmt::format("{}: {}", json_->type_name(), shown(*json_)); }

}  // namespace frugal::config
