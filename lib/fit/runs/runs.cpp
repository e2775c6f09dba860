#include "fit/runs/runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"

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

Runs Runs::select(const std::vector<std::size_t>& rows) const {
  const auto pick = [&](const std::vector<double>& from) {
    std::vector<double> out;
    if (from.empty()) return out;
    out.reserve(rows.size());
    for (const std::size_t row : rows) out.push_back(from[row]);
    return out;
  };
  Runs out;
  out.names = names;
  for (const auto& values : columns) out.columns.push_back(pick(values));
  out.y = pick(y);
  out.weight = pick(weight);
  out.standard_error = pick(standard_error);
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

void check_runs(const Runs& points, const std::vector<std::string>& variables, bool positive_y) {
  const std::size_t count = points.count();
  if (count == 0)
    throw UserError("", "no runs to fit", "give at least as many runs as the law has parameters");
  for (const auto& name : variables) check_values(name, points.column(name), count, true, false);
  check_values("y", points.y, count, positive_y, false);
  if (!points.weight.empty()) check_values("weight", points.weight, count, true, true);
  if (!points.standard_error.empty())
    check_values("standard_error", points.standard_error, count, true, false);
}

std::vector<std::size_t> duplicate_rows(const Runs& points) {
  std::set<std::vector<double>> seen;
  std::vector<std::size_t> duplicates;
  for (std::size_t i = 0; i < points.count(); ++i) {
    std::vector<double> row;
    for (const auto& values : points.columns) row.push_back(values[i]);
    row.push_back(points.y[i]);
    if (!seen.insert(std::move(row)).second) duplicates.push_back(i);
  }
  return duplicates;
}

}  // namespace frugal::fit
