#include "fit/command/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/json_node.h"
#include "fit/command/page_parts.h"
#include "fit/runs/columns.h"
#include "fit/runs/roles.h"
#include "fit/surface/surface.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
using base::UserError;

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

double parse_number(const std::string& text, const std::string& place) {
  const WrittenNumber read = read_number(text);
  if (read.problem != WrittenNumber::Problem::none || !std::isfinite(read.value)) {
    throw UserError(place, fmt::format("must be a number, got '{}'", text),
                    "for example size=1e9,data=2e10, or size=1B,data=20B");
  }
  if (!(read.value > 0)) throw UserError(place, fmt::format("must be > 0, got {}", text));
  return read.value;
}

std::map<std::string, double> parse_scale(const std::string& text) {
  std::map<std::string, double> at;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const std::string one = text.substr(start, end - start);
    start = end + 1;
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos) {
      throw UserError("--at " + text, fmt::format("'{}' is not name=value", one),
                      "for example size=1e9,data=2e10");
    }
    // Another name may be a variable of the user's own law: the fit will say.
    const Role* role = scale_role(one.substr(0, equals));
    const std::string name = role != nullptr ? role->name : one.substr(0, equals);
    if (!at.emplace(name, parse_number(one.substr(equals + 1), "--at " + one)).second)
      throw UserError("--at " + text, fmt::format("'{}' is given twice", name));
  }
  return at;
}

std::vector<std::map<std::string, double>> read_scales(const std::string& path, const Surface& surface) {
  const Table table = read_tables({path});
  std::vector<std::map<std::string, double>> out(table.rows.size());
  for (const Role& role : roles()) {
    const int found = role.scale == nullptr ? -1 : usual_column(table, role);
    if (found < 0) continue;
    const auto column = static_cast<std::size_t>(found);
    if (!surface.uses(role.name)) {
      // The compute follows from size and data; a table of runs often has it.
      if (role.scale == &RunScale::compute && surface.is_joint()) continue;
      throw UserError(table.files[0],
                      fmt::format("column '{}' is the {}, which is no variable of the fit",
                                  table.columns[column], role.name),
                      fmt::format("its variables are {}; leave the column out, or fit one that has it",
                                  fmt::join(surface.variables(), ", ")));
    }
    const ColumnNumbers numbers = column_numbers(table, column, role, "auto");
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      if (!table.rows[i].cells[column].missing) out[i][role.name] = to_number(table, table.rows[i], numbers);
    }
  }
  for (const std::string& name : surface.variables()) {
    if (is_scale(name)) continue;
    const std::size_t column = named_column(table, name, "a variable of the fit");
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      const Table::Row& row = table.rows[i];
      if (!row.cells[column].missing)
        out[i][name] = parse_number(row.cells[column].text, table.place(row) + ": column '" + name + "'");
    }
  }
  return out;
}

void check_variables(const std::map<std::string, double>& at, const Surface& surface,
                     const std::string& place) {
  const std::vector<std::string> known = surface.variables();
  for (const auto& [name, value] : at) {
    if (surface.uses(name)) continue;
    std::string hint = base::suggest(name, known);
    if (hint.empty()) hint = fmt::format("its variables are {}", fmt::join(known, ", "));
    throw UserError(place, fmt::format("the fit has no variable '{}'", name), hint);
  }
}

RunScale to_scale(const std::map<std::string, double>& at, const Surface& surface) {
  check_variables(at, surface, "--at");
  RunScale scale;
  for (const auto& [name, value] : at) scale.set(name, value);
  scale.fill_usual();
  for (const std::string& variable : surface.variables()) {
    if (!(scale.of(variable) > 0)) {
      throw UserError("--at", fmt::format("the fit needs a value for '{}'", variable),
                      fmt::format("for example --at {}", fmt::join(surface.variables(), "=1e9,")) + "=1e9");
    }
  }
  return scale;
}

Json to_json(const RunScale& scale, const Surface& surface) { return held_json(scale, surface, ""); }

Json held_json(const RunScale& held, const Surface& surface, const std::string& but) {
  Json out = Json::object();
  for (const std::string& variable : surface.variables()) {
    if (variable != but) out[variable] = held.of(variable);
  }
  return out;
}

RunScale scale_in(const Json& json) {
  RunScale scale;
  for (const auto& [name, value] : json.items()) scale.set(name, value.get<double>());
  return scale;
}

double number_in(const Json& json) { return json.is_number() ? json.get<double>() : INFINITY; }
Estimate estimate_in(const Json& json) {
  return {number_in(json.at("value")), number_in(json.at("low")), number_in(json.at("high"))};
}

std::string text_of(const Json& scale) {
  std::string out;
  for (const auto& [name, value] : scale.items())
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, shown(number_in(value)));
  return out;
}

Cost cost_of(const std::string& configured, const ReadFit& fit, const std::string& place) {
  return Cost(configured.empty() ? fit.cost : configured, place);
}

report::Page start_page(const char* title, const Json& result) {
  return report::Page(title, fmt::format("scalefit {}, {}% intervals", FRUGAL_VERSION,
                                         shown(100 * result.at("coverage").get<double>())));
}

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
