// Reading a struct's fields out of JSON: every error has file, path, value and what would be right.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "config/config.h"
#include "config/internal.h"

namespace frugal::config {
namespace {

using base::UserError;
using Json = nlohmann::json;

// Reads fields out of one JSON object and remembers which keys were taken.
class Reader final : public Visitor {
 public:
  Reader(const Json& json, std::string path, const Source& source)
      : json_(json), path_(std::move(path)), source_(source) {
    if (!json.is_object())
      fail(path_, fmt::format("must be an object, got {}: {}", json.type_name(), shown(json)));
  }

  void finish() const {
    for (const auto& [key, value] : json_.items()) {
      if (std::find(names_.begin(), names_.end(), key) == names_.end()) {
        throw UserError(place(path_ + "/" + key), fmt::format("unknown key '{}'", key),
                        base::suggest(key, names_));
      }
    }
  }

  void field(const char* name, bool& value, const char*) override {
    if (const Json* json = find(name)) {
      if (!json->is_boolean()) wrong_type(name, "true or false", *json);
      value = json->get<bool>();
    }
  }
  void field(const char* name, std::int64_t& value, const Range& range, const char*) override {
    if (const Json* json = find(name)) value = integer(*json, path_ + "/" + name, range);
  }
  void field(const char* name, double& value, const Range& range, const char*) override {
    if (const Json* json = find(name)) value = number(*json, path_ + "/" + name, range);
  }
  void field(const char* name, std::optional<double>& value, const Range& range, const char*) override {
    if (const Json* json = find(name)) {
      if (json->is_null()) {
        value.reset();
      } else {
        value = number(*json, path_ + "/" + name, range);
      }
    }
  }
  void field(const char* name, std::string& value, const char*) override {
    if (const Json* json = find(name)) value = text(*json, path_ + "/" + name);
  }
  void field(const char* name, std::vector<std::int64_t>& values, const Range& each, const char*) override {
    array(name, values, [&](const Json& j, const std::string& p) { return integer(j, p, each); });
  }
  void field(const char* name, std::vector<double>& values, const Range& each, const char*) override {
    array(name, values, [&](const Json& j, const std::string& p) { return number(j, p, each); });
  }
  void field(const char* name, std::vector<std::string>& values, const char*) override {
    array(name, values, [&](const Json& j, const std::string& p) { return text(j, p); });
  }
  void field(const char* name, std::map<std::string, std::string>& values, const char*) override {
    dictionary(name, values, [&](const Json& j, const std::string& p) { return text(j, p); });
  }
  void field(const char* name, std::map<std::string, double>& values, const Range& each,
             const char*) override {
    dictionary(name, values, [&](const Json& j, const std::string& p) { return number(j, p, each); });
  }
  void choice(const char* name, std::string& value, const std::vector<std::string>& choices,
              const char*) override {
    if (const Json* json = find(name)) {
      const std::string given = text(*json, path_ + "/" + name);
      if (std::find(choices.begin(), choices.end(), given) == choices.end()) {
        throw UserError(place(path_ + "/" + name), fmt::format("unknown value '{}'", given),
                        base::suggest(given, choices));
      }
      value = given;
    }
  }

 protected:
  void object_of(const char* name, const VisitOne& visit, const char*) override {
    if (const Json* json = find(name)) {
      Reader inner(*json, path_ + "/" + name, source_);
      visit(inner);
      inner.finish();
    }
  }
  void list_of(const char* name, const std::function<std::size_t()>&,
               const std::function<void(std::size_t)>& resize,
               const std::function<void(std::size_t, Visitor&)>& visit, const char*) override {
    const Json* json = find(name);
    if (json == nullptr) return;
    if (!json->is_array()) wrong_type(name, "a list", *json);
    resize(0);
    resize(json->size());
    for (std::size_t i = 0; i < json->size(); ++i) {
      Reader inner((*json)[i], fmt::format("{}/{}/{}", path_, name, i), source_);
      visit(i, inner);
      inner.finish();
    }
  }

 private:
  const Json* find(const char* name) {
    names_.emplace_back(name);
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }

  std::string place(const std::string& path) const {
    for (const std::string& given : source_.overridden) {
      if (path == given || path.starts_with(given + "/")) return "--set " + path.substr(1);
    }
    return fmt::format("{}:{}", source_.origin, path.empty() ? "/" : path);
  }
  [[noreturn]] void fail(const std::string& path, const std::string& message) const {
    throw UserError(place(path), message);
  }
  [[noreturn]] void wrong_type(const std::string& name, const char* wanted, const Json& json) const {
    fail(path_ + "/" + name, fmt::format("must be {}, got {}: {}", wanted, json.type_name(), shown(json)));
  }

  double number(const Json& json, const std::string& path, const Range& range) const {
    if (!json.is_number())
      fail(path, fmt::format("must be a number, got {}: {}", json.type_name(), shown(json)));
    const double value = json.get<double>();
    if (!range.contains(value)) fail(path, fmt::format("{}, got {}", range.text(), shown(json)));
    return value;
  }
  std::int64_t integer(const Json& json, const std::string& path, const Range& range) const {
    const double value = number(json, path, range);
    if (value != std::floor(value) || std::fabs(value) > 9.0e18) {
      fail(path, fmt::format("must be a whole number, got {}", shown(json)));
    }
    return json.is_number_integer() ? json.get<std::int64_t>() : static_cast<std::int64_t>(value);
  }
  std::string text(const Json& json, const std::string& path) const {
    if (!json.is_string()) fail(path, fmt::format("must be text, got {}: {}", json.type_name(), shown(json)));
    return json.get<std::string>();
  }
  template <class T, class Get>
  void array(const char* name, std::vector<T>& values, const Get& get) {
    const Json* json = find(name);
    if (json == nullptr) return;
    if (!json->is_array()) wrong_type(name, "a list", *json);
    values.clear();
    for (std::size_t i = 0; i < json->size(); ++i) {
      values.push_back(get((*json)[i], fmt::format("{}/{}/{}", path_, name, i)));
    }
  }
  template <class T, class Get>
  void dictionary(const char* name, std::map<std::string, T>& values, const Get& get) {
    const Json* json = find(name);
    if (json == nullptr) return;
    if (!json->is_object()) wrong_type(name, "an object", *json);
    values.clear();
    for (const auto& [key, value] : json->items()) {
      values[key] = get(value, fmt::format("{}/{}/{}", path_, name, key));
    }
  }

  const Json& json_;
  std::string path_;
  const Source& source_;
  std::vector<std::string> names_;
};

}  // namespace

void read_with(const std::function<void(Visitor&)>& visit, const Source& source) {
  Reader reader(source.json(), "", source);
  visit(reader);
  reader.finish();
}

}  // namespace frugal::config
