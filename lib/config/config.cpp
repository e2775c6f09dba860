// Where a config comes from: a file or standard input, and --set on top.
#include "config/config.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "config/internal.h"

namespace frugal::config {

using base::UserError;
using Json = nlohmann::json;

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

namespace {

void apply_setting(Source& source, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UserError("--set " + setting, "must be path=value", "for example --set fit.law=chinchilla");
  }
  const std::string path = setting.substr(0, equals), text = setting.substr(equals + 1);
  base::refuse_deep_json(text, "--set " + path);
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
                        fmt::format("'{}' is inside a {}, not an object", key, at->type_name()));
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

std::string place_in(const std::string& text, std::size_t at, const std::string& origin) {
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const std::size_t start = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const std::size_t column = at - (start == std::string::npos ? 0 : start + 1) + 1;
  return fmt::format("{}:{}:{}", origin, line, column);
}

}  // namespace

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

Json parse(const std::string& text, const std::string& origin) {
  if (const std::size_t at = base::too_deep(text); at != std::string::npos) {
    throw UserError(place_in(text, at, origin),
                    fmt::format("is nested deeper than {} levels", base::deepest_json));
  }
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

}  // namespace frugal::config
