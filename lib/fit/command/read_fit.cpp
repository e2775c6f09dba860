#include "fit/command/read_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/json_node.h"
#include "fit/surface/read.h"

namespace frugal::fit {

namespace {

// Which of the fits is meant.
std::size_t choose(const config::JsonNode& fits, const std::vector<std::string>& groups,
                   const std::string& group) {
  if (group.empty()) {
    if (groups.size() == 1) return 0;
    fits.fail(fmt::format("holds {} fits; which one is meant?", groups.size()),
              groups.empty() ? "" : fmt::format("--group {}", fmt::join(groups, ", --group ")));
  }
  const auto found = std::find(groups.begin(), groups.end(), group);
  if (found == groups.end()) fits.fail(fmt::format("no group '{}'", group), base::suggest(group, groups));
  return static_cast<std::size_t>(found - groups.begin());
}

}  // namespace

ReadFit read_fit(const nlohmann::json& json, const std::string& origin, const std::string& group) {
  const config::JsonNode root(json, origin, "", "is this the JSON that `scalefit fit` printed?");
  const std::string schema = root["schema"].text();
  if (!schema.starts_with("frugal.scalefit.fit/"))
    root.fail_at("schema", fmt::format("must be a fit, got '{}'", schema),
                 "give the JSON that `scalefit fit` printed");
  const config::JsonNode fits = root["fits"], config = root["config"];
  std::vector<std::string> groups;
  for (const config::JsonNode& fit : fits.elements()) groups.push_back(fit.text_or("group", ""));
  const std::size_t chosen = choose(fits, groups, group);
  ReadFit out;
  out.group = groups[chosen];
  out.cost = config.text_or("cost", "6*N*D");
  out.coverage = config.number_or("coverage", 0.95, config::between_open(0, 1));
  ReadOptions options;
  options.seed = static_cast<std::uint64_t>(root["seed"].number(config::at_least(0)));
  options.draws = static_cast<int>(config.integer_or("draws", options.draws, config::between(0, 100000)));
  out.surface = read_surface(fits[chosen], options);
  return out;
}

}  // namespace frugal::fit
