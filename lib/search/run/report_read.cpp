#include "search/run/report_read.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"

namespace frugal::search {
namespace {

using base::UserError;
using Json = nlohmann::json;

const Json& need(const Json& json, const std::string& pointer, const std::string& origin) {
  const Json::json_pointer at(pointer);
  if (!json.contains(at)) throw UserError(origin + ":" + pointer, "is missing");
  return json[at];
}

Json load(const std::string& path) { return config::parse(base::read_text(path), path); }

// Lines that are no JSON object (a run that was killed in the middle of one) are passed over.
std::vector<Json> load_lines(const std::string& path) {
  std::vector<Json> lines;
  if (!std::filesystem::exists(path)) return lines;
  std::istringstream text(base::read_text(path));
  for (std::string line; std::getline(text, line);) {
    Json json = Json::parse(line, nullptr, false);
    if (json.is_object()) lines.push_back(std::move(json));
  }
  return lines;
}

SearchSpace space_of(const Json& search, const std::string& origin) {
  const Json& config = need(search, "/config", origin);
  if (const std::string file = config.value("space_file", ""); !file.empty()) return load_space(file);
  config::Source source;
  source.origin = origin;
  source.json() = need(config, "/space", origin + ":/config");
  return SearchSpace(config::read<SpaceConfig>(source), origin + ":/config/space");
}

std::vector<PathSnapshot> path_of(const std::vector<Json>& events, std::size_t target, bool timed) {
  std::vector<PathSnapshot> path;
  for (const Json& event : events) {
    const Json::json_pointer at(fmt::format("/targets/{}/probabilities", target));
    if (!event.contains("step") || !event.contains(at)) continue;
    PathSnapshot one;
    one.step = event["step"].get<std::int64_t>();
    one.probability = event[at].get<std::vector<std::vector<double>>>();
    if (timed) one.expected_latency_ms = event["targets"][target].value("expected", 0.0);
    path.push_back(std::move(one));
  }
  return path;
}

std::vector<std::string> labels_of(const std::string& text) {
  std::vector<std::string> labels;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word != "|") labels.push_back(word);
  }
  return labels;
}

SearchReport report_of(const Json& search, std::size_t target, const std::vector<Json>& events,
                       const SearchSpace& space, const std::string& origin) {
  const Json& json = need(search, fmt::format("/targets/{}", target), origin);
  const std::string name = json.value("name", "");
  SearchReport report;
  report.title = "Architecture search" + (name.empty() ? "" : ": " + name);
  const std::string network =
      need(search, fmt::format("/targets/{}/network", target), origin).get<std::string>();
  report.choice = space.choice_of(labels_of(network), origin + ":/targets");
  const bool timed = json.contains("latency_ms");
  report.path = path_of(events, target, timed);
  for (const auto& snapshot : report.path) {
    if (snapshot.probability.size() != space.blocks().size()) {
      throw UserError(origin, "events.jsonl is of another space");
    }
  }
  for (const char* key : {"parameters", "macs", "latency_ms", "shared_weights_validation_error", "entropy"}) {
    if (json.contains(key) && json[key].is_number()) report.facts.emplace_back(key, json[key].dump());
  }
  const Json::json_pointer limit("/limits/latency_ms/at_most");
  if (json.contains(limit)) report.latency_limit_ms = json[limit].get<double>();
  if (timed && json.contains("shared_weights_validation_error")) {
    report.networks.push_back({"found, with the search's weights", name.empty() ? "found" : name,
                               json["latency_ms"].get<double>(),
                               1 - json["shared_weights_validation_error"].get<double>()});
  }
  const Json::json_pointer peak("/run/peak_resident_bytes");
  if (search.contains(peak)) {
    report.memory_mib.emplace_back("the search", search[peak].get<double>() / (1024.0 * 1024.0));
  }
  report.config = config::to_text(search.value("config", Json::object()));
  return report;
}

}  // namespace

std::vector<std::string> search_pages(const SearchReportFiles& files) {
  const std::string origin = files.folder + "/search.json";
  const Json search = load(origin);
  const SearchSpace space = space_of(search, origin);
  const std::vector<Json> events = load_lines(files.folder + "/events.jsonl");
  std::vector<NetworkPoint> networks;
  for (const std::string& path : files.networks) {
    for (const Json& line : load_lines(path)) {
      networks.push_back({line.value("series", path), line.value("name", ""),
                          need(line, "/latency_ms", path).get<double>(),
                          need(line, "/accuracy", path).get<double>()});
    }
  }
  Json check;
  if (!files.check.empty()) check = load(files.check);
  std::vector<std::string> pages;
  for (std::size_t t = 0; t < need(search, "/targets", origin).size(); ++t) {
    SearchReport report = report_of(search, t, events, space, origin);
    report.networks.insert(report.networks.end(), networks.begin(), networks.end());
    if (!files.check.empty()) {
      report.predicted_ms = need(check, "/run/check/predicted_ms", files.check).get<std::vector<double>>();
      report.measured_ms = need(check, "/run/check/measured_ms", files.check).get<std::vector<double>>();
      report.facts.emplace_back("relative RMSE of predicted latency, held out",
                                need(check, "/run/check/held_out/relative_rmse", files.check).dump());
    }
    pages.push_back(search_page(space, report));
  }
  return pages;
}

}  // namespace frugal::search
