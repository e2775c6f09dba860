#include "fit/command/run_fit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "fit/command/fit_laws.h"
#include "fit/command/fit_posterior.h"
#include "fit/runs/diverged.h"
#include "fit/surface/curve_surface.h"

namespace frugal::fit {
namespace {

using base::UserError;

void fit_curve(SeriesFit& series, const FitConfig& config, std::uint64_t seed) {
  series.curve = Curve::fit(series.runs.column(series.curve_variable), series.runs.y);
  series.surface = std::make_unique<CurveSurface>(*series.curve, series.curve_variable, series.runs,
                                                  static_cast<int>(config.draws), seed);
}

// A law by name keeps every run that it is given.
void leave_out_diverged(SeriesFit& series) {
  const Runs& runs = series.runs;
  const std::vector<std::size_t> diverged = diverged_runs(runs);
  if (diverged.empty()) return;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < runs.count(); ++i)
    if (std::find(diverged.begin(), diverged.end(), i) == diverged.end()) kept.push_back(i);
  for (const std::size_t i : diverged)
    series.notes.push_back(
        fmt::format("left out as diverged: {}, error {:g}, far above runs of its own scale or smaller; a law "
                    "by name keeps it",
                    runs.places.empty() ? fmt::format("run {}", i + 1) : runs.places[i], runs.y[i]));
  series.runs = runs.select(kept);
}

// The one variable that a curve goes along: what alone was varied. Empty: a joint law is needed.
std::string curve_variable(const Runs& runs, std::vector<std::string>& notes) {
  const auto size = runs.column_or_none(variable::size), data = runs.column_or_none(variable::data);
  const std::size_t sizes = distinct(size), amounts = distinct(data);
  if (sizes > 1 && amounts > 1) return "";
  if (amounts > 1) {
    if (sizes == 1)
      notes.push_back(fmt::format("one size only ({:g}): this is a learning curve of the data", size[0]));
    return variable::data;
  }
  if (sizes > 1) {
    if (amounts == 1) {
      notes.push_back(fmt::format("one amount of data only ({:g}): this is a curve of the size", data[0]));
    }
    return variable::size;
  }
  if (distinct(runs.column_or_none(variable::compute)) > 1) return variable::compute;
  throw UserError(
      runs.places.empty() ? "" : runs.places.front(),
      fmt::format("one scale only: all {} runs have the same size and the same data", runs.count()),
      "a law needs runs at several scales: at least three, better six, each twice the one before");
}

// Whether the runs are such as the average over laws of size and data knows, and nothing else was asked for.
bool is_default(const FitConfig& config, const Runs& runs) {
  const auto known = {variable::size, variable::data, variable::compute, variable::unique_data};
  return config.law == "auto" && config.expression.empty() && config.loss == "huber" &&
         config.fixed.empty() && config.parameters.empty() &&
         std::all_of(runs.names.begin(), runs.names.end(), [&](const std::string& name) {
           return std::find(known.begin(), known.end(), name) != known.end();
         });
}

void fit_series(SeriesFit& series, const FitConfig& config, std::uint64_t seed, const std::string& place) {
  if (config.law == "auto" && !config.own_law()) leave_out_diverged(series);
  if (!config.own_law()) series.curve_variable = curve_variable(series.runs, series.notes);
  if (config.law == "curve" && !config.own_law() && series.curve_variable.empty()) {
    throw UserError("", "a curve has one variable, but both size and data were varied",
                    "--set columns.size=none, or take a law of both");
  }
  if (!series.curve_variable.empty() && (config.law == "auto" || config.law == "curve")) {
    fit_curve(series, config, seed);
    return;
  }
  series.curve_variable.clear();
  if (is_default(config, series.runs)) {
    fit_posterior(series, config, seed);
  } else {
    fit_laws(series, config, seed, place);
  }
  series.isoflop = measure_isoflop(series.runs, config.cost, config.coverage, seed);
}

}  // namespace

FitOutcome run_fit(const Measurements& all, const FitConfig& config, std::uint64_t seed,
                   const std::string& place) {
  const Cost checked(config.cost, place + ":/cost");  // refused now rather than when a plan asks for it
  FitOutcome outcome;
  outcome.notes = all.notes;
  const auto rows_of_series = all.rows_by_series();
  for (std::size_t s = 0; s < rows_of_series.size(); ++s) {
    std::vector<std::size_t> fitted, held;
    for (const std::size_t i : rows_of_series[s])
      (!all.runs.held_out.empty() && all.runs.held_out[i] != 0 ? held : fitted).push_back(i);
    if (fitted.empty()) continue;
    SeriesFit series;
    series.group = all.series.empty() ? "" : all.series[s];
    series.runs = all.runs.select(fitted);
    series.held_out = all.runs.select(held);
    try {
      fit_series(series, config, seed, place);
    } catch (const UserError& error) {
      if (series.group.empty()) throw;
      throw UserError(error.place(), fmt::format("group '{}': {}", series.group, error.message()),
                      error.hint());
    }
    outcome.series.push_back(std::move(series));
  }
  if (outcome.series.empty()) {
    throw UserError("", "no row is left to fit: every row is held out by the train column",
                    "--set columns.train=none fits all rows");
  }
  return outcome;
}

}  // namespace frugal::fit
