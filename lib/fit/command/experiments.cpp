#include "fit/command/experiments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "fit/runs/leftover.h"
#include "fit/runs/repeats.h"

namespace frugal::fit {
namespace {

using base::UserError;

std::vector<std::string> split_names(const Table& table, const std::string& list) {
  if (list.empty()) return {};
  std::vector<std::string> names;
  if (std::count(table.columns.begin(), table.columns.end(), list) > 0) return {list};
  for (std::size_t start = 0; start <= list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    names.push_back(list.substr(start, end - start));
    named_column(table, names.back(), "ignore");
    start = end + 1;
  }
  return names;
}

std::vector<std::size_t> columns_of(const std::vector<Leftover>& leftover, LeftoverKind kind) {
  std::vector<std::size_t> out;
  for (const Leftover& one : leftover) {
    if (one.kind == kind) out.push_back(one.column);
  }
  return out;
}

std::string names_of(const Table& table, const std::vector<std::size_t>& columns, const char* between = ",") {
  std::string out;
  for (const std::size_t column : columns) out += (out.empty() ? "" : between) + table.columns[column];
  return out;
}

// Whether each series has the scales that a fit needs: four of size and data, three of one variable.
bool can_be_fitted(const Measurements& m) {
  for (const auto& rows : m.rows_by_series()) {
    const Runs runs = m.runs.select(rows);
    const bool joint = distinct(runs.column_or_none(variable::size)) > 1 &&
                       distinct(runs.column_or_none(variable::data)) > 1;
    if (find_repeats(runs).cells < (joint ? 4U : 3U)) return false;
  }
  return true;
}

// Each experiment as a series of its own.
void group_by(Measurements& m, const Table& table, const FitConfig& config,
              const std::vector<std::size_t>& labels) {
  const std::string names = names_of(table, labels);
  const std::string ignore = fmt::format("--set ignore={} pools them", names);
  FitConfig grouped = config;
  grouped.measurements.columns[role::group] = names;
  const bool nameable = std::none_of(labels.begin(), labels.end(), [&](std::size_t column) {
    return table.columns[column].find(',') != std::string::npos;
  });
  std::optional<Measurements> series;
  if (nameable) series = to_measurements(table, grouped.measurements);
  if (!series || !can_be_fitted(*series)) {
    throw UserError(
        files_of(table),
        fmt::format("holds several experiments ('{}'), and some have too few scales for a fit of their own",
                    names_of(table, labels, "', '")),
        fmt::format("--set where.{}=VALUE fits one of them; {}", table.columns[labels[0]], ignore));
  }
  std::vector<std::string> notes = m.notes;
  m = std::move(*series);
  m.notes.push_back(fmt::format("{} experiments in one table, each fitted on its own by '{}'; {}",
                                m.series.size(), names_of(table, labels, "', '"), ignore));
}

// Of the settings at each scale the one with the lowest mean ln y; all its runs stay.
void keep_best(Measurements& m, const Table& table, const std::vector<std::size_t>& settings) {
  const std::vector<std::size_t> cell = find_repeats(m.runs).cell, value = values_of(table, m, settings);
  struct Mean {
    double sum = 0, count = 0;
    double operator()() const { return sum / count; }
  };
  std::map<std::pair<std::size_t, std::size_t>, Mean> means;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    Mean& mean = means[{cell[i], value[i]}];
    mean.sum += std::log(m.runs.y[i]);
    mean.count += 1;
  }
  std::map<std::size_t, std::pair<double, std::size_t>> best;  // of each cell: mean and setting
  for (const auto& [key, mean] : means) {
    const auto found = best.try_emplace(key.first, mean(), key.second).first;
    if (mean() < found->second.first) found->second = {mean(), key.second};
  }
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    if (best[cell[i]].second == value[i]) kept.push_back(i);
  }
  m.notes.push_back(fmt::format("sweep of '{}': the best of each scale is fitted, {} of {} runs",
                                names_of(table, settings, "', '"), kept.size(), cell.size()));
  m.select(kept);
}

[[noreturn]] void refuse_sweep(const Table& table, const Measurements& m,
                               const std::vector<std::size_t>& settings) {
  const std::string& name = table.columns[settings[0]];
  std::string scale;
  for (const std::string& one : m.runs.names) scale += (scale.empty() ? "" : " and ") + one;
  throw UserError(
      files_of(table),
      fmt::format("runs of the same {} differ in '{}': a sweep would be pooled", scale,
                  names_of(table, settings, "', '")),
      fmt::format(
          "--set sweep=best fits the best of each scale; --set sweep=all pools them; --set columns.group={0} "
          "fits each value on its own; an expression may have {0} as a variable",
          name));
}

}  // namespace

void separate_experiments(Measurements& m, const Table& table, const FitConfig& config, bool separate) {
  const std::vector<std::string> ignored = split_names(table, config.ignore);
  std::vector<Leftover> leftover = leftover_columns(table, m, ignored);
  const std::vector<std::size_t> labels = columns_of(leftover, LeftoverKind::label);
  if (separate && !labels.empty() && config.measurements.columns.asked(role::group).empty() &&
      m.series.empty()) {
    group_by(m, table, config, labels);
    leftover = leftover_columns(table, m, ignored);
  }
  const std::vector<std::size_t> settings = columns_of(leftover, LeftoverKind::setting);
  if (!settings.empty() && config.sweep == "best") {
    keep_best(m, table, settings);
    leftover = leftover_columns(table, m, ignored);
  } else if (separate && !settings.empty() && config.sweep == "refuse") {
    refuse_sweep(table, m, settings);
  }
  if (config.sweep == "best" && settings.empty())
    m.notes.push_back("sweep=best: no setting differs among runs of the same scale, so all runs are fitted");
  const std::string note = note_of(leftover, table);
  if (!note.empty()) m.notes.push_back(note);
}

}  // namespace frugal::fit
