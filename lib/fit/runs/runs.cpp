#include "fit/runs/runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "fit/runs/roles.h"

namespace frugal::fit {

using base::UserError;

bool Runs::has(const std::string& name) const {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::span<const double> Runs::column(const std::string& name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw UserError("", fmt::format("no column for the variable '{}'", name), base::suggest(name, names));
  return columns[std::size_t(found - names.begin())];
}

void Runs::set_column(const std::string& name, std::vector<double> values) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) {
    columns[std::size_t(found - names.begin())] = std::move(values);
    return;
  }
  names.push_back(name);
  columns.push_back(std::move(values));
}

std::span<const double> Runs::column_or_none(const std::string& name) const {
  return has(name) ? column(name) : std::span<const double>();
}

RunScale Runs::scale(std::size_t row) const {
  RunScale scale;
  for (std::size_t v = 0; v < names.size(); ++v) scale.set(names[v], columns[v][row]);
  return scale;
}

Runs Runs::select(const std::vector<std::size_t>& rows) const {
  const auto pick = [&rows]<class T>(const std::vector<T>& from) {
    std::vector<T> out;
    if (from.empty()) return out;
    out.reserve(rows.size());
    for (const std::size_t row : rows) out.push_back(from[row]);
    return out;
  };
  Runs out;
  out.names = names;
  for (const auto& values : columns) out.columns.push_back(pick(values));
  for (const Role& role : roles()) {
    if (role.values != nullptr) out.*role.values = pick(this->*role.values);
  }
  out.places = pick(places);
  out.series = pick(series);
  out.held_out = pick(held_out);
  return out;
}

namespace {

void check_values(const std::string& what, std::span<const double> values, std::size_t count, bool positive,
                  bool zero_allowed) {
  if (values.size() != count)
    throw UserError("", fmt::format("'{}' has {} values for {} runs", what, values.size(), count));
  for (std::size_t i = 0; i < count; ++i) {
    const bool fine =
        std::isfinite(values[i]) && (!positive || values[i] > 0 || (zero_allowed && values[i] == 0));
    if (!fine)
      throw UserError(
          fmt::format("run {}", i + 1),
          fmt::format("'{}' must be a {}number, got {}", what,
                      positive ? (zero_allowed ? "finite non-negative " : "finite positive ") : "finite ",
                      values[i]));
  }
}

}  // namespace

void check_runs(const Runs& runs, const std::vector<std::string>& variables, bool positive_y) {
  const std::size_t count = runs.count();
  if (count == 0)
    throw UserError("", "no runs to fit", "give at least as many runs as the law has parameters");
  for (const auto& name : variables) check_values(name, runs.column(name), count, true, false);
  check_values("y", runs.y, count, positive_y, false);
  if (!runs.weight.empty()) check_values("weight", runs.weight, count, true, true);
  if (!runs.standard_error.empty()) check_values("standard_error", runs.standard_error, count, true, false);
}

std::vector<std::size_t> duplicate_rows(const Runs& runs) {
  std::set<std::vector<double>> seen;
  std::vector<std::size_t> duplicates;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    std::vector<double> row;
    for (const auto& values : runs.columns) row.push_back(values[i]);
    row.push_back(runs.y[i]);
    if (!seen.insert(std::move(row)).second) duplicates.push_back(i);
  }
  return duplicates;
}

std::size_t distinct(std::span<const double> values) {
  return std::set<double>(values.begin(), values.end()).size();
}

nlohmann::ordered_json to_json(const Runs& runs) {
  nlohmann::ordered_json out;
  for (const Role& role : roles()) {
    if (role.scale != nullptr && runs.has(role.name)) out[role.name] = runs.column(role.name);
  }
  for (const std::string& name : runs.names) {
    if (!is_scale(name)) out["variables"][name] = runs.column(name);
  }
  for (const Role& role : roles()) {
    if (role.values != nullptr && !(runs.*role.values).empty()) out[role.name] = runs.*role.values;
  }
  return out;
}

}  // namespace frugal::fit
