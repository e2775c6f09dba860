#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

namespace frugal::config {
namespace {

using base::UserError;
using Json = nlohmann::json;

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

const char* kind_of(const Json& value) { return value.type_name(); }

// Reads fields out of one JSON object and remembers which keys were taken.
class Reader final : public Visitor {
 public:
  Reader(const Json& json, std::string path, const Source& source)
      : json_(json), path_(std::move(path)), source_(source) {
    if (!json.is_object())
      fail(path_, fmt::format("must be an object, got {}: {}", kind_of(json), shown(json)));
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
    fail(path_ + "/" + name, fmt::format("must be {}, got {}: {}", wanted, kind_of(json), shown(json)));
  }

  double number(const Json& json, const std::string& path, const Range& range) const {
    if (!json.is_number())
      fail(path, fmt::format("must be a number, got {}: {}", kind_of(json), shown(json)));
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
    if (!json.is_string()) fail(path, fmt::format("must be text, got {}: {}", kind_of(json), shown(json)));
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

class Printer final : public Visitor {
 public:
  explicit Printer(Json& out) : out_(out) { out_ = Json::object(); }
  void field(const char* name, bool& value, const char*) override { out_[name] = value; }
  void field(const char* name, std::int64_t& value, const Range&, const char*) override {
    out_[name] = value;
  }
  void field(const char* name, double& value, const Range&, const char*) override { out_[name] = value; }
  void field(const char* name, std::optional<double>& value, const Range&, const char*) override {
    out_[name] = value ? Json(*value) : Json();
  }
  void field(const char* name, std::string& value, const char*) override { out_[name] = value; }
  void field(const char* name, std::vector<std::int64_t>& values, const Range&, const char*) override {
    out_[name] = values;
  }
  void field(const char* name, std::vector<double>& values, const Range&, const char*) override {
    out_[name] = values;
  }
  void field(const char* name, std::vector<std::string>& values, const char*) override {
    out_[name] = values;
  }
  void field(const char* name, std::map<std::string, std::string>& values, const char*) override {
    out_[name] = values;
  }
  void field(const char* name, std::map<std::string, double>& values, const Range&, const char*) override {
    out_[name] = values;
  }
  void choice(const char* name, std::string& value, const std::vector<std::string>&, const char*) override {
    out_[name] = value;
  }

 protected:
  void object_of(const char* name, const VisitOne& visit, const char*) override {
    Printer inner(out_[name]);
    visit(inner);
  }
  void list_of(const char* name, const std::function<std::size_t()>& size,
               const std::function<void(std::size_t)>&,
               const std::function<void(std::size_t, Visitor&)>& visit, const char*) override {
    Json& list = out_[name] = Json::array();
    for (std::size_t i = 0; i < size(); ++i) {
      list.push_back(Json::object());
      Printer inner(list.back());
      visit(i, inner);
    }
  }

 private:
  Json& out_;
};

// One line a field, for --help-config and the documentation.
class Describer final : public Visitor {
 public:
  explicit Describer(std::string& out, std::string path = "") : out_(out), path_(std::move(path)) {}
  void field(const char* name, bool& value, const char* help) override { line(name, Json(value), "", help); }
  void field(const char* name, std::int64_t& value, const Range& range, const char* help) override {
    line(name, Json(value), range.text(), help);
  }
  void field(const char* name, double& value, const Range& range, const char* help) override {
    line(name, Json(value), range.text(), help);
  }
  void field(const char* name, std::optional<double>& value, const Range& range, const char* help) override {
    line(name, value ? Json(*value) : Json(), range.text(), help);
  }
  void field(const char* name, std::string& value, const char* help) override {
    line(name, Json(value), "", help);
  }
  void field(const char* name, std::vector<std::int64_t>& values, const Range& each,
             const char* help) override {
    line(name, Json(values), each.text(), help);
  }
  void field(const char* name, std::vector<double>& values, const Range& each, const char* help) override {
    line(name, Json(values), each.text(), help);
  }
  void field(const char* name, std::vector<std::string>& values, const char* help) override {
    line(name, Json(values), "", help);
  }
  void field(const char* name, std::map<std::string, std::string>& values, const char* help) override {
    line(name, Json(values), "", help);
  }
  void field(const char* name, std::map<std::string, double>& values, const Range& each,
             const char* help) override {
    line(name, Json(values), each.text(), help);
  }
  void choice(const char* name, std::string& value, const std::vector<std::string>& choices,
              const char* help) override {
    line(name, Json(value), fmt::format("one of {}", fmt::join(choices, ", ")), help);
  }

 protected:
  void object_of(const char* name, const VisitOne& visit, const char*) override {
    Describer inner(out_, path_ + name + ".");
    visit(inner);
  }
  void list_of(const char* name, const std::function<std::size_t()>&, const std::function<void(std::size_t)>&,
               const std::function<void(std::size_t, Visitor&)>&, const char* help) override {
    line(name, Json::array(), "a list of objects", help);
  }

 private:
  void line(const char* name, const Json& value, const std::string& range, const char* help) {
    out_ += fmt::format("  {:<34} {:<14} {}{}\n", path_ + name, value.dump(), help,
                        range.empty() ? "" : " (" + range + ")");
  }
  std::string& out_;
  std::string path_;
};

void apply_setting(Source& source, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UserError("--set " + setting, "must be path=value", "for example --set fit.law=chinchilla");
  }
  const std::string path = setting.substr(0, equals), text = setting.substr(equals + 1);
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) value = text;
  std::string pointer;
  Json* at = &source.json();
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t dot = std::min(path.find('.', start), path.size());
    const std::string key = path.substr(start, dot - start);
    if (key.empty()) throw UserError("--set " + setting, "has an empty part in its path");
    if (at->is_array()) {
      if (key.find_first_not_of("0123456789") != std::string::npos || key.size() > 6 ||
          std::stoul(key) >= at->size()) {
        throw UserError("--set " + setting, fmt::format("'{}' is no index of a list of {}", key, at->size()));
      }
      at = &(*at)[std::stoul(key)];
    } else {
      if (!at->is_object()) {
        throw UserError("--set " + setting,
                        fmt::format("'{}' is inside a {}, not an object", key, kind_of(*at)));
      }
      at = &(*at)[key];
      if (at->is_null() && dot < path.size()) *at = Json::object();
    }
    pointer += "/" + key;
    start = dot + 1;
  }
  *at = std::move(value);
  source.overridden.push_back(pointer);
}

}  // namespace

bool Range::contains(double value) const {
  if (std::isnan(value)) return false;
  return (low_open ? value > low : value >= low) && (high_open ? value < high : value <= high);
}

std::string Range::text() const {
  const bool has_low = std::isfinite(low), has_high = std::isfinite(high);
  if (has_low && has_high) {
    return fmt::format("must be in {}{}, {}{}", low_open ? '(' : '[', low, high, high_open ? ')' : ']');
  }
  if (has_low) return fmt::format("must be {} {}", low_open ? ">" : ">=", low);
  if (has_high) return fmt::format("must be {} {}", high_open ? "<" : "<=", high);
  return "";
}

Range any_number() { return {}; }
Range at_least(double low) {
  Range range;
  range.low = low;
  return range;
}
Range greater_than(double low) {
  Range range = at_least(low);
  range.low_open = true;
  return range;
}
Range between(double low, double high) {
  Range range;
  range.low = low;
  range.high = high;
  return range;
}
Range between_open(double low, double high) {
  Range range = between(low, high);
  range.low_open = range.high_open = true;
  return range;
}
Range fraction() { return between(0, 1); }

Source::Source() : json_(new Json(Json::object())) {}
Source::Source(const Source& other)
    : origin(other.origin), overridden(other.overridden), json_(new Json(*other.json_)) {}
Source::Source(Source&& other) noexcept
    : origin(std::move(other.origin)),
      overridden(std::move(other.overridden)),
      json_(std::exchange(other.json_, nullptr)) {}
Source& Source::operator=(Source other) {
  std::swap(origin, other.origin);
  std::swap(overridden, other.overridden);
  std::swap(json_, other.json_);
  return *this;
}
Source::~Source() { delete json_; }

namespace {

std::string place_in(const std::string& text, std::size_t at, const std::string& origin) {
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const std::size_t start = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const std::size_t column = at - (start == std::string::npos ? 0 : start + 1) + 1;
  return fmt::format("{}:{}:{}", origin, line, column);
}

}  // namespace

Json parse(const std::string& text, const std::string& origin) {
  try {
    return Json::parse(text, nullptr, true, true);
  } catch (const Json::parse_error& error) {
    const std::size_t at = std::min<std::size_t>(error.byte > 0 ? error.byte - 1 : 0, text.size());
    // nlohmann's text: "[json.exception.parse_error.101] parse error at line 1, column 2: <reason>".
    std::string reason = error.what();
    if (const std::size_t colon = reason.find(": "); colon != std::string::npos)
      reason = reason.substr(colon + 2);
    throw UserError(place_in(text, at, origin), "is not valid JSON: " + reason);
  } catch (const Json::out_of_range& error) {
    // "[…406] number overflow parsing '1e999'": it carries no position but the number.
    const std::string what = error.what();
    const std::size_t quote = std::min(what.find('\''), what.size() - 1);
    const std::string number = what.substr(quote + 1, what.size() - quote - 2);
    const std::size_t at = std::min(text.find(number), text.size());
    throw UserError(place_in(text, at, origin), "the number " + number + " is too large",
                    "numbers are doubles: up to 1.8e308");
  }
}

Source load(const std::string& path, const std::vector<std::string>& settings) {
  Source source;
  source.origin = path.empty() ? "config" : path == "-" ? "standard input" : path;
  if (!path.empty()) source.json() = parse(base::read_text(path), source.origin);
  for (const std::string& setting : settings) apply_setting(source, setting);
  return source;
}

void read_with(const std::function<void(Visitor&)>& visit, const Source& source) {
  Reader reader(source.json(), "", source);
  visit(reader);
  reader.finish();
}

void print_with(const std::function<void(Visitor&)>& visit, Json& out) {
  Printer printer(out);
  visit(printer);
}

std::string describe_with(const std::function<void(Visitor&)>& visit) {
  std::string text;
  Describer describer(text);
  visit(describer);
  return text;
}

std::string to_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
std::string hash(const Json& json) {
  return base::hash_hex(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace frugal::config
