#include "fit/command/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/progress.h"
#include "fit/command/experiments.h"
#include "fit/command/metric_fit.h"
#include "fit/runs/checkpoints.h"

namespace frugal::fit {
namespace {

constexpr double least_examples = 1000;

void remove_column(Runs& runs, const char* name) {
  const auto found = std::find(runs.names.begin(), runs.names.end(), name);
  runs.columns.erase(runs.columns.begin() + (found - runs.names.begin()));
  runs.names.erase(found);
}

std::string from_to(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return *low == *high ? base::human_count(*low)
                       : base::human_count(*low) + " to " + base::human_count(*high);
}

}  // namespace

void derive_scale(Measurements& measurements, const Cost& cost) {
  Runs& runs = measurements.runs;
  const bool has_size = runs.has(variable::size), has_data = runs.has(variable::data);
  if (!runs.has(variable::compute) || has_size == has_data) return;
  const char *given = has_size ? variable::size : variable::data,
             *derived = has_size ? variable::data : variable::size;
  const auto known = runs.column(given), compute = runs.column(variable::compute);
  std::vector<double> values;
  for (std::size_t i = 0; i < runs.count(); ++i) {
    const double value = has_size ? cost.data_for(compute[i], known[i]) : cost.size_for(compute[i], known[i]);
    values.push_back(std::isfinite(value) ? value : 0);
  }
  std::vector<double> sorted = values;
  std::nth_element(sorted.begin(), sorted.begin() + std::ptrdiff_t(sorted.size() / 2), sorted.end());
  const std::string formula = cost.text() == "6*N*D"
                                  ? fmt::format("{} = C/(6 {})", has_size ? "D" : "N", has_size ? "N" : "D")
                                  : fmt::format("{} = compute", cost.text());
  const std::string& column = measurements.chosen[variable::compute];
  if (sorted[sorted.size() / 2] < least_examples || *std::min_element(values.begin(), values.end()) <= 0) {
    measurements.notes.push_back(
        fmt::format("'{}' is not used: as the compute of a training it would make the {} of a run {} ({}); "
                    "is it the cost "
                    "of one pass?",
                    column, derived, from_to(values), formula));
    remove_column(runs, variable::compute);
    return;
  }
  measurements.notes.push_back(
      fmt::format("no column for the {}: derived from {} and compute, {} ({}); --set columns.compute=none "
                  "fits the {} alone",
                  derived, given, formula, from_to(values), given));
  runs.set_column(derived, std::move(values));
}

Measurements prepare_measurements(const Table& given, const FitConfig& config, const std::string& place,
                                  Pooling pooling) {
  if (config.law == "annealing")
    throw base::UserError(place + ":/law",
                          "'annealing' is a law of a run's checkpoints, not of runs by scale",
                          "scalefit fit, or scalefit validate --mode schedule");
  if (config.schedule.is_set())
    throw base::UserError(place + ":/schedule", "has an effect on the annealing law alone",
                          "--set law=annealing");
  const Cost cost(config.cost, place + ":/cost");
  FitConfig with_names = config;
  Table table = given;
  if (config.measurements.columns.asked(role::train).empty()) keep_checkpoints(table, config.checkpoints);
  if (config.own_law() && !config.expression.empty()) {
    std::vector<std::string> declared;
    for (const ExpressionParameter& parameter : config.parameters) declared.push_back(parameter.name);
    for (const auto& [name, value] : config.fixed) declared.push_back(name);
    with_names.measurements.variables =
        names_of_expression(config.expression, table.columns, declared, place + ":/expression").own_variables;
  }
  if (const std::string& loss = config.measurements.columns.asked(variable::loss);
      !loss.empty() && loss != "none")
    return prepare_two_steps(table, with_names, cost, pooling);
  Measurements measurements = to_measurements(table, with_names.measurements);
  separate_experiments(measurements, table, with_names, pooling == Pooling::separate);
  refuse_rising(measurements, with_names);
  derive_scale(measurements, cost);
  return measurements;
}

}  // namespace frugal::fit
