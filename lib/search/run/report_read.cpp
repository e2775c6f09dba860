#include "search/run/report_read.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "config/json_node.h"

namespace frugal::search {
namespace {

using base::UserError;
using Json = nlohmann::json;
using config::JsonNode;

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

SearchSpace space_of(const JsonNode& config) {
  if (const std::string file = config.text_or("space_file", ""); !file.empty()) return load_space(file);
  const JsonNode space = config["space"];
  config::Source source;
  source.origin = space.place();
  source.json() = space.json();
  return SearchSpace(config::read<SpaceConfig>(source), space.place());
}

// The probabilities of a target over the steps, where events carry them; `timed` ones carry its latency too.
std::vector<PathSnapshot> path_of(const std::vector<Json>& events, const std::string& origin,
                                  std::size_t target, bool timed) {
  std::vector<PathSnapshot> path;
  for (const Json& event : events) {
    const JsonNode node(event, origin);
    const auto targets = node.find("targets");
    if (!node.has("step") || !targets || targets->size() <= target) continue;
    const JsonNode here = (*targets)[target];
    if (!here.has("probabilities")) continue;
    PathSnapshot one;
    one.step = node["step"].integer();
    for (const JsonNode& block : here["probabilities"].elements()) one.probability.push_back(block.numbers());
    if (timed) one.expected_latency_ms = here.number_or("expected", 0);
    path.push_back(std::move(one));
  }
  return path;
}

bool is_of(const SearchSpace& space, const PathSnapshot& snapshot) {
  return std::equal(snapshot.probability.begin(), snapshot.probability.end(), space.blocks().begin(),
                    space.blocks().end(), [](const std::vector<double>& row, const SearchBlock& block) {
                      return row.size() == block.candidates.size();
                    });
}

std::vector<std::string> labels_of(const std::string& text) {
  std::vector<std::string> labels;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word != "|") labels.push_back(word);
  }
  return labels;
}

SearchReport report_of(const JsonNode& search, std::size_t index, const std::vector<Json>& events,
                       const std::string& events_origin, const SearchSpace& space) {
  const JsonNode target = search["targets"][index];
  const std::string name = target.text_or("name", "");
  SearchReport report;
  report.title = "Architecture search" + (name.empty() ? "" : ": " + name);
  report.choice = space.choice_of(labels_of(target["network"].text()), search.origin() + ":/targets");
  const bool timed = target.has("latency_ms");
  report.path = path_of(events, events_origin, index, timed);
  for (const auto& snapshot : report.path) {
    if (!is_of(space, snapshot)) throw UserError(events_origin, "is of another space");
  }
  for (const char* key : {"parameters", "macs", "latency_ms", "shared_weights_validation_error", "entropy"}) {
    if (const auto fact = target.find(key); fact && fact->json().is_number()) {
      report.facts.emplace_back(key, fact->json().dump());
    }
  }
  if (const auto limits = target.find("limits"); limits && limits->has("latency_ms")) {
    if (const auto limit = (*limits)["latency_ms"].find("at_most")) report.latency_limit_ms = limit->number();
  }
  if (timed && target.has("shared_weights_validation_error")) {
    report.networks.push_back({"found, with the search's weights", name.empty() ? "found" : name,
                               target["latency_ms"].number(),
                               1 - target["shared_weights_validation_error"].number()});
  }
  if (const auto run = search.find("run"); run && run->has("peak_resident_bytes")) {
    report.memory_mib.emplace_back("the search", (*run)["peak_resident_bytes"].number() / (1024.0 * 1024.0));
  }
  report.config = config::to_text(search["config"].json());
  return report;
}

// Whether a training's result is of the network that was found for a target.
bool is_of(const JsonNode& trained, const JsonNode& target) {
  const JsonNode line = trained["runs_line"];
  return line["parameters"].number() == target["parameters"].number() &&
         line["macs"].number() == target["macs"].number();
}

// Nothing where it has so many classes that the counts were left out.
ClassAnswers classes_of(const JsonNode& result) {
  const JsonNode held_out = result["held_out"];
  ClassAnswers classes;
  const auto counts = held_out.find("confusion");
  if (!counts) return classes;
  for (const JsonNode& one : held_out["per_class"].elements()) classes.names.push_back(one["class"].text());
  for (const JsonNode& row : counts->elements()) {
    classes.counts.emplace_back();
    for (const JsonNode& count : row.elements()) classes.counts.back().push_back(count.integer());
    if (row.size() != classes.names.size()) row.fail("has not an answer for each class");
  }
  if (classes.counts.size() != classes.names.size()) counts->fail("has not a row for each class");
  return classes;
}

}  // namespace

std::vector<std::string> search_pages(const SearchReportFiles& files) {
  const std::string origin = files.folder + "/search.json", events_origin = files.folder + "/events.jsonl";
  const Json json = load(origin);
  const JsonNode search(json, origin, "", "is this what `nas-search search` wrote?");
  const SearchSpace space = space_of(search["config"]);
  const std::vector<Json> events = load_lines(events_origin);
  std::vector<NetworkPoint> networks;
  for (const std::string& path : files.networks) {
    for (const Json& line : load_lines(path)) {
      const JsonNode one(line, path);
      networks.push_back({one.text_or("series", path), one.text_or("name", ""), one["latency_ms"].number(),
                          one["accuracy"].number()});
    }
  }
  Json check_json, trained_json;
  if (!files.check.empty()) check_json = load(files.check);
  if (!files.trained.empty()) trained_json = load(files.trained);
  bool trained_is_of_one = files.trained.empty();
  std::vector<std::string> pages;
  for (std::size_t t = 0; t < search["targets"].size(); ++t) {
    SearchReport report = report_of(search, t, events, events_origin, space);
    report.networks.insert(report.networks.end(), networks.begin(), networks.end());
    if (!files.check.empty()) {
      const JsonNode check = JsonNode(check_json, files.check)["run"]["check"];
      report.predicted_ms = check["predicted_ms"].numbers();
      report.measured_ms = check["measured_ms"].numbers();
      if (report.measured_ms.size() != report.predicted_ms.size())
        check["measured_ms"].fail(fmt::format("must have {} times, one for each predicted one, got {}",
                                              report.predicted_ms.size(), report.measured_ms.size()));
      report.facts.emplace_back("relative RMSE of predicted latency, held out",
                                check["held_out"]["relative_rmse"].json().dump());
    }
    if (const JsonNode trained(trained_json, files.trained);
        !files.trained.empty() && is_of(trained, search["targets"][t])) {
      report.classes = classes_of(trained);
      trained_is_of_one = true;
    }
    pages.push_back(search_page(space, report));
  }
  if (!trained_is_of_one)
    throw UserError(files.trained, "is of another network than " + origin + " found",
                    "name the result.json of a training on the network.json beside it");
  return pages;
}

}  // namespace frugal::search
