// A value of a JSON text with its place in it, read with types and ranges. What is no config struct of ours
// (networks, latency tables, fits, configs of other projects) is read through this, so that every error names
// the file, the path, the value and what would be right.
//
//   const config::JsonNode node(json, "net.json");
//   layer.in_channels = node["in_channels"].integer(config::at_least(1));
//   layer.stride = node.integer_or("stride", 1, config::at_least(1));
//   for (const config::JsonNode& block : node["blocks"].elements()) read_block(block);
//   node.finish();  // "out_chanels": did you mean 'out_channels'?
//
// A null counts as absent. A node refers to the JSON (and the Source) that it was made of: they outlive it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/visitor.h"

namespace frugal::config {

struct Source;

class JsonNode {
 public:
  // origin: the file; path: the JSON pointer of `json` in it. hint: what errors about a lacking key say where
  // no key is nearly the one that was asked for ("is this the JSON that … printed?").
  JsonNode(const nlohmann::json& json, std::string origin, std::string path = "", const char* hint = nullptr);
  // The whole of a source; errors name --set where a setting gave the value.
  explicit JsonNode(const Source& source);
  JsonNode(nlohmann::json&&, std::string, std::string = "", const char* = nullptr) = delete;

  // The value itself. 3.0 is a whole number too.
  bool flag() const;
  std::int64_t integer(const Range& range = any_number()) const;
  double number(const Range& range = any_number()) const;
  std::string text() const;
  std::string one_of(const std::vector<std::string>& choices) const;
  std::vector<std::int64_t> integers(const Range& each = any_number()) const;
  std::vector<double> numbers(const Range& each = any_number()) const;
  std::vector<std::string> texts() const;
  bool is_null() const;
  const nlohmann::json& json() const { return *json_; }

  // A list: its length and its elements.
  std::size_t size() const;
  JsonNode operator[](std::size_t i) const;
  std::vector<JsonNode> elements() const;

  // An object: a member that must be there, one that may be; all of them (each then counts as asked for).
  JsonNode operator[](const std::string& key) const;
  std::optional<JsonNode> find(const std::string& key) const;
  bool has(const std::string& key) const;
  std::vector<std::pair<std::string, JsonNode>> members() const;
  // The member even where it is null.
  std::optional<JsonNode> given(const std::string& key) const;
  // A member that may be absent.
  bool flag_or(const std::string& key, bool otherwise) const;
  std::int64_t integer_or(const std::string& key, std::int64_t otherwise,
                          const Range& range = any_number()) const;
  double number_or(const std::string& key, double otherwise, const Range& range = any_number()) const;
  std::string text_or(const std::string& key, const std::string& otherwise) const;

  // Refuses anything but an object; every access to a member does so too.
  const JsonNode& must_be_object() const;
  // At the end, refuses a key that no one asked for: finish() where it is nearly one that was asked for and
  // is absent (another one is another project's and stays), refuse_unknown() always. `ignore` a key that says
  // nothing here.
  void ignore(const std::string& key) const;
  void finish() const;
  void refuse_unknown() const;

  // Throws a UserError with this place, or with that of a member.
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const;
  [[noreturn]] void fail_at(const std::string& key, const std::string& message,
                            const std::string& hint = "") const;

  const std::string& origin() const { return origin_; }
  const std::string& path() const { return path_; }
  std::string place() const { return place_of(path_); }  // "net.json:/blocks/3"

 private:
  JsonNode at(const nlohmann::json& json, const std::string& step) const;
  std::string place_of(const std::string& path) const;
  std::string got() const;

  const nlohmann::json* json_;
  std::string origin_, path_;
  const char* hint_ = nullptr;
  const std::vector<std::string>* overridden_ = nullptr;  // JSON pointers that --set gave
  mutable std::vector<std::string> asked_;
};

}  // namespace frugal::config
