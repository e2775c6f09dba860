// One object of a network file with its place in it: reads fields with types and ranges, notes which keys
// were asked for, and refuses at the end what looks like a misspelling of one of them.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "network/network.h"

namespace frugal::network {

class JsonNode {
 public:
  // path: JSON pointer; origin: the file. Both for messages.
  JsonNode(const nlohmann::json& json, std::string path, const std::string& origin);

  [[noreturn]] void fail(const std::string& message, const std::string& hint = "",
                         const char* key = nullptr) const;

  const nlohmann::json* find(const char* key) const;  // null where the key is absent or null
  const nlohmann::json& need(const char* key) const;
  JsonNode child(const char* key) const;
  std::optional<JsonNode> child_if(const char* key) const;
  // The objects of a list; null where an element is null.
  std::vector<std::optional<JsonNode>> children(const char* key) const;

  std::int64_t integer(const char* key, std::int64_t low = 1) const;
  std::int64_t integer_or(const char* key, std::int64_t otherwise, std::int64_t low = 1) const;
  std::int64_t odd_kernel() const;  // "kernel_size"
  double number_or(const char* key, double otherwise, double low, double high) const;
  bool flag_or(const char* key, bool otherwise) const;
  std::string text(const char* key) const;
  Activation activation_or(const char* key, Activation otherwise) const;  // null is none

  // A key that nobody asked for is another project's, unless it is nearly one of ours that is absent.
  void finish() const;

  const std::string& path() const { return path_; }
  const std::string& origin() const { return origin_; }

 private:
  std::int64_t as_integer(const nlohmann::json& value, const char* key, std::int64_t low) const;

  const nlohmann::json* json_;
  std::string path_, origin_;
  mutable std::vector<std::string> asked_;
};

}  // namespace frugal::network
