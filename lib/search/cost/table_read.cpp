// Reading and writing of latency tables. The YAML goes through yaml-cpp; a table of thousands of keys is read
// in well under a second.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "search/cost/table.h"

namespace frugal::search {
namespace {

using base::UserError;
using Json = nlohmann::json;

constexpr const char* own_schema = "frugal.latency/1";

double milliseconds(double value, const std::string& unit, const std::string& place) {
  if (unit == "ms") return value;
  if (unit == "us") return value / 1000;
  if (unit == "s") return value * 1000;
  throw UserError(place, fmt::format("unknown unit '{}'", unit), base::suggest(unit, {"ms", "us", "s"}));
}

double need_number(const Json& value, const std::string& place, bool may_be_negative) {
  if (!value.is_number()) throw UserError(place, "must be a number, got " + value.dump());
  const double number = value.get<double>();
  if (!std::isfinite(number) || (number < 0 && !may_be_negative)) {
    throw UserError(place, fmt::format("must be a time in milliseconds, got {}", value.dump()));
  }
  return number;
}

const Json& need(const Json& json, const char* key, const std::string& origin) {
  const auto found = json.find(key);
  if (found == json.end()) throw UserError(origin + ":/", fmt::format("needs the key '{}'", key));
  return *found;
}

LatencyTable read_own(const Json& json, const std::string& origin) {
  LatencyTable table;
  table.style = KeyStyle::own;
  table.origin = origin;
  const std::string unit = json.value("unit", "ms");
  const Json& operations = need(json, "operations", origin);
  if (!operations.is_object()) throw UserError(origin + ":/operations", "must be an object: key to time");
  for (const auto& entry : operations.items()) {
    const std::string& key = entry.key();
    const Json& value = entry.value();
    const std::string place = fmt::format("{}:/operations/{}", origin, key);
    const auto time = [&](const char* name) {
      return milliseconds(need_number(value.value(name, Json(0)), place + "/" + name, false), unit,
                          origin + ":/unit");
    };
    Measured measured;
    if (value.is_object()) {
      need(value, "ms", place);
      measured = {time("ms"), time("low"), time("high"), value.value("repetitions", std::int64_t{0})};
    } else {
      measured.ms = milliseconds(need_number(value, place, false), unit, origin + ":/unit");
    }
    table.operations[key] = measured;
  }
  table.device = json.value("device", table.device);
  table.threads = json.value("threads", std::int64_t{0});
  table.batch = json.value("batch", std::int64_t{0});
  table.host = json.value("host", "");
  table.reference_ms = json.value("reference_ms", 0.0);
  if (const auto correction = json.find("correction"); correction != json.end() && correction->is_object()) {
    const std::string place = origin + ":/correction";
    table.correction.offset_ms = need_number(correction->value("offset_ms", Json(0)), place, true);
    table.correction.scale = need_number(correction->value("scale", Json(1)), place, false);
  }
  return table;
}

// {"base": ms, "MBInvertedResBlock_…": {"middle channels": ms}}
LatencyTable read_tf_nas(const Json& json, const std::string& origin) {
  LatencyTable table;
  table.style = KeyStyle::tf_nas;
  table.origin = origin;
  table.base_ms = need_number(need(json, "base", origin), origin + ":/base", false);
  for (const auto& [key, by_width] : json.items()) {
    if (key == "base") continue;
    if (!by_width.is_object()) {
      throw UserError(origin + ":/" + key, "must be an object: middle channels to milliseconds");
    }
    for (const auto& [width, value] : by_width.items()) {
      table.operations[key + "/" + width].ms =
          need_number(value, fmt::format("{}:/{}/{}", origin, key, width), true);
    }
  }
  return table;
}

LatencyTable read_yaml(const std::string& text, const std::string& origin, const std::string& format) {
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw UserError(fmt::format("{}:{}:{}", origin, error.mark.line + 1, error.mark.column + 1),
                    "not YAML: " + error.msg);
  }
  if (!root.IsMap()) throw UserError(origin, "must be a map from keys to {mean: milliseconds}");
  LatencyTable table;
  table.origin = origin;
  bool squeeze = false;
  for (const auto& entry : root) {
    const std::string place = fmt::format("{}:{}", origin, entry.first.Mark().line + 1);
    std::string key;
    Measured measured;
    try {
      key = entry.first.as<std::string>();
      const YAML::Node& value = entry.second;
      const YAML::Node mean = value.IsMap() ? value["mean"] : value;
      if (!mean.IsDefined()) throw UserError(place, fmt::format("'{}' has no mean", key));
      measured.ms = mean.as<double>();
      if (value.IsMap() && value["count"]) measured.repetitions = value["count"].as<std::int64_t>();
    } catch (const YAML::Exception&) {
      throw UserError(place, fmt::format("'{}' must have a number of milliseconds", key));
    }
    if (!std::isfinite(measured.ms) || measured.ms < 0) {
      throw UserError(place, fmt::format("'{}' must be a time in milliseconds, got {}", key, measured.ms));
    }
    squeeze = squeeze || key.find("-se:") != std::string::npos;
    table.operations[key] = measured;
  }
  table.style =
      format == "mobilenetv3" || (format == "auto" && squeeze) ? KeyStyle::mobilenetv3 : KeyStyle::proxyless;
  return table;
}

}  // namespace

LatencyTable load_table(const std::string& path, const std::string& format) {
  const std::string text = base::read_text(path);
  const std::string origin = path == "-" ? "standard input" : path;
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) throw UserError(origin, "is empty");
  const bool is_json = text[start] == '{';
  if (format == "proxyless" || format == "mobilenetv3" || (format == "auto" && !is_json)) {
    return read_yaml(text, origin, format);
  }
  const Json json = config::parse(text, origin);
  if (!json.is_object()) throw UserError(origin, "must be an object");
  const bool tf_nas = format == "tf-nas" || (format == "auto" && !json.contains("operations"));
  LatencyTable table = tf_nas ? read_tf_nas(json, origin) : read_own(json, origin);
  if (table.operations.empty()) throw UserError(origin, "has no operation");
  return table;
}

nlohmann::ordered_json to_json(const LatencyTable& table) {
  nlohmann::ordered_json json{{"schema", own_schema},
                              {"unit", "ms"},
                              {"device", table.device},
                              {"threads", table.threads},
                              {"batch", table.batch},
                              {"host", table.host},
                              {"reference_ms", table.reference_ms}};
  if (table.correction.offset_ms != 0 || table.correction.scale != 1) {
    json["correction"] = {{"offset_ms", table.correction.offset_ms}, {"scale", table.correction.scale}};
  }
  auto& operations = json["operations"] = nlohmann::ordered_json::object();
  for (const auto& [key, one] : table.operations) {
    operations[key] = {
        {"ms", one.ms}, {"low", one.low}, {"high", one.high}, {"repetitions", one.repetitions}};
  }
  return json;
}

}  // namespace frugal::search
