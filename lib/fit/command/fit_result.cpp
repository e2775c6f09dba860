#include "fit/command/fit_result.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/command/judged.h"
#include "fit/runs/repeats.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json certificate_of(const Certificate& c) {
  return {{"converged", c.converged},
          {"projected_gradient", number(c.projected_gradient)},
          {"predicted_decrease", number(c.predicted_decrease)},
          {"starts", c.starts},
          {"agreeing", c.agreeing},
          {"share", c.share},
          {"condition", number(c.condition)},
          {"at_bound", c.at_bound},
          {"unidentified", c.unidentified}};
}

// What the fit says of each law beside what the surface wrote: intervals, certificate, residuals.
void add_results(const SeriesFit& series, Json& laws) {
  for (std::size_t k = 0; k < series.laws.size(); ++k) {
    const FitResult& result = series.laws[k];
    Json& law = laws[k];
    for (std::size_t p = 0; k < series.intervals.size() && p < result.theta.size(); ++p) {
      const ParameterInterval& interval = series.intervals[k][p];
      law["parameters"][p]["low"] = interval.open_below ? Json() : number(interval.lower);
      law["parameters"][p]["high"] = interval.open_above ? Json() : number(interval.upper);
    }
    law["objective"] = result.objective;
    law["certificate"] = certificate_of(result.certificate);
    law["residuals"] = {{"mu", result.mu}, {"sigma", result.sigma}, {"log_rmse", result.log_rmse}};
  }
}

Json hold_outs_of(const SeriesFit& series) {
  Json list = Json::array();
  for (const HoldOut& one : series.hold_outs) {
    Json errors = Json::array();
    for (const double value : one.log_rmse) errors.push_back(number(value));
    list.push_back({{"beyond_in", one.variable},
                    {"fitted", one.fitted},
                    {"hidden", one.hidden},
                    {"beyond", one.beyond},
                    {"log_rmse", errors},
                    {"average_log_rmse", number(one.average_log_rmse)}});
  }
  return list;
}

// How the runs that the train column held out came out.
Json held_out_of(const SeriesFit& series, const FitConfig& config) {
  const Runs& runs = series.held_out;
  std::vector<Judged> rows;
  for (std::size_t i = 0; i < runs.count(); ++i)
    rows.push_back({runs.y[i], series.surface->predict(runs.scale(i), config.coverage)});
  const Judgement judgement = judge(rows);
  return {{"runs", rows.size()},
          {"log_rmse", judgement.log_rmse},
          {"covered", static_cast<double>(judgement.covered) / static_cast<double>(rows.size())},
          {"mean_log_width", judgement.mean_log_width}};
}

}  // namespace

void add_to_result(const FitOutcome& outcome, const FitConfig& config, Json& result) {
  result["notes"] = outcome.notes;
  result["fits"] = Json::array();
  for (const SeriesFit& series : outcome.series) {
    Json fit;
    if (!series.group.empty()) fit["group"] = series.group;
    fit["kind"] = series.surface->kind();
    fit["variables"] = series.surface->variables();
    fit["loss"] = series.curve ? "log" : config.loss;
    fit["runs_fitted"] = series.runs.count();
    const Repeats repeats = find_repeats(series.runs);
    if (repeats.repeated_cells > 0) {
      fit["repeats"] = {{"scales", repeats.cells},
                        {"repeated", repeats.repeated_cells},
                        {"log_error_sd", repeats.log_error_sd}};
    }
    series.surface->write(fit);
    if (!series.laws.empty()) {
      add_results(series, fit["laws"]);
      fit["hold_outs"] = hold_outs_of(series);
    }
    if (series.isoflop) fit["isoflop"] = to_json(*series.isoflop);
    if (series.held_out.count() > 0) fit["held_out"] = held_out_of(series, config);
    fit["notes"] = series.notes;
    fit["runs"] = to_json(series.runs);
    std::vector<double> predicted;
    for (std::size_t i = 0; i < series.runs.count(); ++i) {
      predicted.push_back(series.surface->error(series.runs.scale(i), Surface::estimate, false));
    }
    fit["runs"]["predicted"] = predicted;
    result["fits"].push_back(std::move(fit));
  }
}

}  // namespace frugal::fit
