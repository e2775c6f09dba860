#include "search/derive/command.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "config/json_node.h"
#include "report/result.h"
#include "search/cost/table_report.h"
#include "search/derive/alpha.h"
#include "search/derive/derive.h"
#include "search/derive/front.h"
#include "search/derive/on_device.h"
#include "search/profile/here.h"

namespace frugal::search {
namespace {

using base::UserError;
using config::JsonNode;
using Ordered = nlohmann::ordered_json;

struct Wanted {
  std::string name;
  Metric metric = Metric::macs;  // where it is none of a board
  std::vector<double> at_most;   // one, or one a table

  bool of_board() const { return is_device_metric(name); }
};

Wanted read_limit(const std::string& text, std::size_t tables) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) {
    throw UserError("--limit", fmt::format("'{}' must be like latency_ms=30", text));
  }
  Wanted wanted;
  wanted.name = text.substr(0, equals);
  if (!wanted.of_board()) wanted.metric = metric_of(wanted.name, "--limit");
  std::istringstream values(text.substr(equals + 1));
  for (std::string one; std::getline(values, one, ',');) {
    char* end = nullptr;
    const double value = std::strtod(one.c_str(), &end);
    if (one.empty() || *end != '\0' || !std::isfinite(value) || value <= 0) {
      throw UserError("--limit", fmt::format("'{}' must be a positive number in '{}'", one, text));
    }
    wanted.at_most.push_back(value);
  }
  const bool is_latency = !wanted.of_board() && wanted.metric == Metric::latency_ms;
  if (is_latency && tables == 0) throw UserError("--limit", "a latency needs a --table");
  if (wanted.at_most.size() != 1 && !(is_latency && wanted.at_most.size() == tables)) {
    throw UserError("--limit",
                    fmt::format("'{}' has {} values for {} tables", text, wanted.at_most.size(), tables));
  }
  return wanted;
}

// Those of the board, by name.
DeviceLimits device_limits(const DeriveOptions& options) {
  DeviceLimits limits;
  for (const std::string& text : options.limits) {
    const Wanted one = read_limit(text, options.tables.size());
    if (one.of_board()) limits[one.name] = one.at_most[0];
  }
  if (limits.empty()) return limits;
  if (options.front > 0 || !options.minimise.empty())
    throw UserError(options.front > 0 ? "--front" : "--minimise",
                    "goes by sums over blocks, which limits of a board are not", "leave one of them out");
  return limits;
}

// What --minimise names; null where nothing is minimised.
std::optional<Metric> minimised(const DeriveOptions& options) {
  if (options.minimise.empty()) return std::nullopt;
  const Metric metric = metric_of(options.minimise, "--minimise");
  if (metric == Metric::sram_bytes) {
    throw UserError("--minimise", "sram_bytes is a peak, no sum over blocks: give it as a --limit");
  }
  if (metric == Metric::latency_ms && options.tables.empty()) {
    throw UserError("--minimise", "a latency needs a --table");
  }
  return metric;
}

Ordered costs_json(const network::NetworkConfig& network) {
  Ordered json;
  for (const Metric metric : {Metric::macs, Metric::parameters, Metric::flash_bytes, Metric::sram_bytes}) {
    json[name_of(metric)] = static_cast<std::int64_t>(cost_of(network, metric));
  }
  return json;
}

// Devices: one table each, or none of them; what the space's operations cost there.
struct Devices {
  std::vector<LatencyTable> tables;
  std::vector<BlockCosts> latencies;

  Devices(const DeriveOptions& options, const SearchSpace& space) {
    for (const std::string& path : options.tables) {
      tables.push_back(load_table(path, options.format));
      latencies.push_back(costs_of(space, Metric::latency_ms, &tables.back()));
    }
  }
  std::size_t count() const { return std::max<std::size_t>(1, tables.size()); }  // of networks, too
  BlockCosts costs(const SearchSpace& space, Metric metric, std::size_t device) const {
    return metric == Metric::latency_ms ? latencies[device] : costs_of(space, metric);
  }
};

// One network for each device.
std::vector<Choice> derive_choices(const DeriveOptions& options, const SearchSpace& space,
                                   const BlockScores& scores, const Devices& devices,
                                   const OnDevice& on_device) {
  std::vector<Wanted> wanted;
  for (const std::string& text : options.limits) {
    const Wanted one = read_limit(text, devices.tables.size());
    if (!one.of_board()) wanted.push_back(one);
  }
  const std::optional<Metric> least = minimised(options);
  std::vector<Choice> choices;
  for (std::size_t d = 0; d < devices.count(); ++d) {
    std::vector<Limit> limits;
    for (const Wanted& one : wanted) {
      const double at_most = one.at_most[one.at_most.size() > 1 ? d : 0];
      limits.push_back({name_of(one.metric), devices.costs(space, one.metric, d), at_most});
    }
    const std::optional<Choice> cheapest =
        least ? cheapest_within(scores, devices.costs(space, *least, d), options.slack, limits)
              : std::nullopt;
    // Also says why where no network keeps the limits.
    choices.push_back(cheapest
                          ? *cheapest
                          : on_device.derive(scores, limits,
                                             devices.tables.empty() ? "--limit" : devices.tables[d].origin));
  }
  return choices;
}

// Which of the networks is the fastest on each device.
std::vector<std::size_t> fastest_of(const std::vector<Choice>& choices, const Devices& devices) {
  std::vector<std::size_t> fastest(devices.tables.size(), 0);
  for (std::size_t t = 0; t < fastest.size(); ++t) {
    const BlockCosts& latency = devices.latencies[t];
    for (std::size_t d = 0; d < choices.size(); ++d) {
      if (latency.total(choices[d]) < latency.total(choices[fastest[t]])) fastest[t] = d;
    }
  }
  return fastest;
}

Ordered describe_network(const SearchSpace& space, const BlockScores& scores, const Devices& devices,
                         const std::vector<Choice>& choices, std::size_t d,
                         const std::vector<std::size_t>& fastest, const OnDevice& on_device) {
  Ordered json;
  if (!devices.tables.empty()) json["device"] = describe(devices.tables[d]);
  json["choice"] = space.text(choices[d]);
  json["candidates"] = choices[d];
  json["log_probability"] = score_of(scores, choices[d]);
  json["costs"] = costs_json(space.network(choices[d]));
  if (on_device.given()) json["on_device"] = on_device.describe(choices[d]);
  Ordered on = Ordered::object(), fastest_on = Ordered::array();
  for (std::size_t t = 0; t < devices.tables.size(); ++t) {
    on[devices.tables[t].origin] = devices.latencies[t].total(choices[d]);
    if (fastest[t] == d) fastest_on.push_back(devices.tables[t].origin);
  }
  if (!devices.tables.empty()) json["latency_ms"] = on;
  if (devices.count() > 1) json["fastest_on"] = fastest_on;
  return json;
}

Ordered start(const DeriveOptions& options) {
  nlohmann::json config{{"space", options.space},   {"alpha", options.alpha},
                        {"target", options.target}, {"tables", options.tables},
                        {"limits", options.limits}, {"minimise", options.minimise},
                        {"slack", options.slack}};
  if (options.front > 0) config["front"] = options.front;
  if (!options.board.target.empty())
    config["board"] = {{"target", options.board.target}, {"scheme", options.board.scheme}};
  return report::start_result({"frugal.nas_search.derive/1", "nas-search derive", 0}, config);
}

// Held while the networks are written; empty where none are.
std::unique_ptr<base::FolderLock> locked(const std::string& folder) {
  return folder.empty() ? nullptr : std::make_unique<base::FolderLock>(folder);
}

Ordered front_result(const DeriveOptions& options, const SearchSpace& space, const BlockScores& scores,
                     const Devices& devices, const report::RunClock& clock) {
  if (devices.tables.size() > 1) throw UserError("--front", "is of one device", "give one --table");
  if (!options.minimise.empty())
    throw UserError("--front", "and --minimise are two ways to choose", "give one");
  const Metric by = devices.tables.empty() ? Metric::macs : Metric::latency_ms;
  std::vector<Limit> limits;
  for (const std::string& text : options.limits) {
    const Wanted one = read_limit(text, devices.tables.size());
    limits.push_back({name_of(one.metric), devices.costs(space, one.metric, 0), one.at_most[0]});
  }
  const std::vector<Choice> choices = front(scores, devices.costs(space, by, 0), limits, options.front);
  if (choices.empty()) derive(scores, limits, "--limit");  // says why
  Ordered result = start(options);
  result["by"] = name_of(by);
  const auto lock = locked(options.out);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const network::NetworkConfig network = space.network(choices[i]);
    Ordered one{{"choice", space.text(choices[i])},
                {"log_probability", score_of(scores, choices[i])},
                {"costs", costs_json(network)}};
    if (by == Metric::latency_ms) one["latency_ms"] = devices.latencies[0].total(choices[i]);
    if (!options.out.empty()) {
      one["file"] = fmt::format("network-{}.json", i + 1);
      base::write_text(options.out + "/" + one["file"].get<std::string>(), network::to_text(network));
    }
    result["front"].push_back(std::move(one));
  }
  result["run"] = clock.describe(1);
  return result;
}

}  // namespace

Ordered derive_result(const DeriveOptions& options) {
  const report::RunClock clock;
  const SearchSpace space = load_space(options.space);
  const nlohmann::json file = config::parse(base::read_text(options.alpha), options.alpha);
  const BlockScores scores = read_alpha(JsonNode(file, options.alpha), options.target, space);
  const Devices devices(options, space);
  const OnDevice on_device(space, options.board, device_limits(options), "--board");
  if (options.front > 0) return front_result(options, space, scores, devices, clock);
  const std::vector<Choice> choices = derive_choices(options, space, scores, devices, on_device);
  const std::vector<std::size_t> fastest = fastest_of(choices, devices);

  Ordered result = start(options);
  auto& networks = result["networks"] = Ordered::array();
  Ordered measured = Ordered::object();
  const auto lock = locked(options.out);
  for (std::size_t d = 0; d < choices.size(); ++d) {
    Ordered json = describe_network(space, scores, devices, choices, d, fastest, on_device);
    if (!options.out.empty()) {
      const std::string name = choices.size() == 1 ? "network.json" : fmt::format("network-{}.json", d + 1);
      base::write_text(options.out + "/" + name, network::to_text(space.network(choices[d])));
      json["file"] = name;
    }
    networks.push_back(json);
    if (d >= devices.tables.size()) continue;
    if (const auto ms = measured_here(devices.tables[d], space.network(choices[d])))
      measured[devices.tables[d].origin] = *ms;
  }
  result["run"] = clock.describe(1);
  if (!measured.empty()) result["run"]["measured_latency_ms"] = measured;
  return result;
}

}  // namespace frugal::search
