// JSON into plain structs. Every error names the file, the JSON path, the value, and what would be right;
// an unknown key is an error with a suggestion.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/visitor.h"

namespace frugal::config {

// A JSON text that came from somewhere. `origin` is the file ("-" is standard input) for error messages;
// `overridden` are the JSON pointers that --set gave.
struct Source {
  Source();
  Source(const Source&);
  Source(Source&&) noexcept;
  Source& operator=(Source);
  ~Source();

  nlohmann::json& json() { return *json_; }
  const nlohmann::json& json() const { return *json_; }

  std::string origin;
  std::vector<std::string> overridden;

 private:
  nlohmann::json* json_;  // owned; a pointer, so that headers need json_fwd.hpp alone
};

// Parses; a syntax error is a UserError with line and column. `//` comments are accepted.
nlohmann::json parse(const std::string& text, const std::string& origin);

// Reads `path` ("-" for standard input, empty for an empty object) and applies `path=value` settings, whose
// values are JSON or else taken as text: {"fit.huber_delta=0.01", "data.name=fashion-mnist"}.
Source load(const std::string& path, const std::vector<std::string>& settings = {});

// Parts of the templates below.
void read_with(const std::function<void(Visitor&)>& visit, const Source& source);
void print_with(const std::function<void(Visitor&)>& visit, nlohmann::json& out);
std::string describe_with(const std::function<void(Visitor&)>& visit);

// Fills a struct; keys that no field took are refused.
template <class T>
void read(T& value, const Source& source) {
  read_with([&value](Visitor& v) { value.visit(v); }, source);
}
template <class T>
T read(const Source& source) {
  T value;
  read(value, source);
  return value;
}

// The whole effective config with its defaults; what it gives is accepted by read().
template <class T>
void print(const T& value, nlohmann::json& out) {
  T copy = value;
  print_with([&copy](Visitor& v) { copy.visit(v); }, out);
}

// The config's text, pretty, with a newline at its end; and a hash of it that does not depend on layout.
std::string to_text(const nlohmann::json& json);
std::string hash(const nlohmann::json& json);

// One line a field: path, default, range, help.
template <class T>
std::string describe() {
  T value;
  return describe_with([&value](Visitor& v) { value.visit(v); });
}

}  // namespace frugal::config
