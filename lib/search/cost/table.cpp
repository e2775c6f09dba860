#include "search/cost/table.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "config/json_node.h"

namespace frugal::search {
namespace {

using base::UserError;
using Node = config::JsonNode;

constexpr const char* own_schema = "frugal.latency/1";

double milliseconds(double value, const std::string& unit, const std::string& place) {
  if (unit == "ms") return value;
  if (unit == "us") return value / 1000;
  if (unit == "s") return value * 1000;
  throw UserError(place, fmt::format("unknown unit '{}'", unit), base::suggest(unit, {"ms", "us", "s"}));
}

LatencyTable read_own(const Node& node) {
  LatencyTable table;
  table.style = KeyStyle::own;
  table.origin = node.origin();
  const std::string unit = node.text_or("unit", "ms");
  const auto in_ms = [&](double value) { return milliseconds(value, unit, node.origin() + ":/unit"); };
  for (const auto& member : node["operations"].members()) {
    const Node& value = member.second;
    Measured measured;
    if (value.json().is_object()) {
      const auto time = [&](const char* name) {
        return in_ms(value.number_or(name, 0, config::at_least(0)));
      };
      measured.ms = in_ms(value["ms"].number(config::at_least(0)));
      measured.low = time("low");
      measured.high = time("high");
      measured.repetitions = value.integer_or("repetitions", 0);
    } else {
      measured.ms = in_ms(value.number(config::at_least(0)));
    }
    table.operations[member.first] = measured;
  }
  table.device = node.text_or("device", table.device);
  table.threads = node.integer_or("threads", 0);
  table.batch = node.integer_or("batch", 0);
  table.host = node.text_or("host", "");
  table.runtime = node.text_or("runtime", "");
  table.reference_ms = node.number_or("reference_ms", 0);
  if (const auto correction = node.find("correction")) {
    table.correction.offset_ms = correction->number_or("offset_ms", 0);
    table.correction.scale = correction->number_or("scale", 1, config::at_least(0));
  }
  return table;
}

// {"base": ms, "MBInvertedResBlock_…": {"middle channels": ms}}
LatencyTable read_tf_nas(const Node& node) {
  LatencyTable table;
  table.style = KeyStyle::tf_nas;
  table.origin = node.origin();
  table.base_ms = node["base"].number(config::at_least(0));
  for (const auto& [key, by_width] : node.members()) {
    if (key == "base") continue;
    for (const auto& [width, value] : by_width.members()) {
      table.operations[key + "/" + width].ms = value.number();
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
  const nlohmann::json json = config::parse(text, origin);
  const Node node(json, origin);
  const bool tf_nas = format == "tf-nas" || (format == "auto" && !node.has("operations"));
  LatencyTable table = tf_nas ? read_tf_nas(node) : read_own(node);
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
  if (!table.runtime.empty()) json["runtime"] = table.runtime;
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

bool LatencyTable::base_covers(const Piece& piece) const {
  if (style != KeyStyle::tf_nas) return false;
  return piece.kind != Piece::Kind::block ||
         (piece.name == "blocks.0" && piece.bottleneck() != nullptr && !piece.bottleneck()->has_expansion());
}

double piece_ms(const LatencyTable& table, const Piece& piece, std::vector<std::string>& missing) {
  if (piece.is_free() || table.base_covers(piece)) return 0;
  const auto key = key_of(piece, table.style);
  if (key) {
    const auto found = table.operations.find(*key);
    if (found != table.operations.end()) return found->second.ms;
    missing.push_back(*key);
  } else {
    missing.push_back(fmt::format("{} ({} has no key for it)", key_of(piece, KeyStyle::own).value_or(""),
                                  name_of(table.style)));
  }
  return 0;
}

void refuse_missing(const LatencyTable& table, const std::vector<std::string>& missing,
                    const std::string& what) {
  if (missing.empty()) return;
  std::vector<std::string> distinct;
  for (const std::string& key : missing) {
    if (std::find(distinct.begin(), distinct.end(), key) == distinct.end()) distinct.push_back(key);
  }
  std::string text = fmt::format("{} needs {} operation{} that the table does not have:", what,
                                 distinct.size(), distinct.size() == 1 ? "" : "s");
  for (const std::string& key : distinct) text += "\n  " + key;
  throw UserError(table.origin, text,
                  "measure them with `nas-search profile`, or give a table of this network's "
                  "resolution and widths");
}

Prediction predict(const LatencyTable& table, const network::NetworkConfig& network,
                   std::int64_t resolution) {
  Prediction prediction;
  std::vector<std::string> missing;
  const auto add = [&](const std::string& name, const std::string& key, double ms) {
    prediction.pieces.push_back({name, key, ms});
    prediction.total_ms += ms;
  };
  if (table.base_ms != 0) add("base", "base", table.correction.scale * table.base_ms);
  for (const Piece& piece : pieces_of(network, resolution)) {
    const double ms = piece_ms(table, piece, missing);
    if (table.base_covers(piece)) continue;
    const std::string key = piece.is_free() ? "" : key_of(piece, table.style).value_or("");
    add(piece.name, key, table.correction.scale * ms);
  }
  refuse_missing(table, missing, "the network");
  if (table.correction.offset_ms != 0) add("offset", "", table.correction.offset_ms);
  return prediction;
}

}  // namespace frugal::search
