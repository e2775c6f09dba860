#include "fit/command/fit_result.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/command/judged.h"
#include "fit/runs/repeats.h"
#include "fit/surface/curve.h"

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

Json laws_of(const SeriesFit& series) {
  const auto& surface = dynamic_cast<const JointSurface&>(*series.surface);
  Json laws = Json::array();
  for (std::size_t k = 0; k < surface.components().size(); ++k) {
    const SurfaceComponent& component = surface.components()[k];
    const FitResult& result = series.laws[k];
    Json parameters = Json::array();
    for (std::size_t p = 0; p < component.theta.size(); ++p) {
      Json one = {{"name", result.names[p]}, {"value", number(component.theta[p])}};
      if (k < series.intervals.size()) {
        const ParameterInterval& interval = series.intervals[k][p];
        one["low"] = interval.open_below ? Json() : number(interval.lower);
        one["high"] = interval.open_above ? Json() : number(interval.upper);
      }
      parameters.push_back(one);
    }
    laws.push_back(
        {{"law", component.law->name},
         {"formula", component.law->formula},
         {"source", component.law->source},
         {"variables", component.law->variables},
         {"weight", component.weight},
         {"parameters", parameters},
         {"objective", result.objective},
         {"certificate", certificate_of(result.certificate)},
         {"residuals", {{"mu", result.mu}, {"sigma", result.sigma}, {"log_rmse", result.log_rmse}}},
         {"draws", component.draws}});
  }
  return laws;
}

Json posterior_of(const JointSurface& surface) {
  Json parts = Json::array();
  for (const PosteriorPart& part : surface.posterior()->parts()) {
    parts.push_back({{"law", part.law->name},
                     {"weight", part.weight},
                     {"discrepancy", part.amplitude},
                     {"steepness", part.steepness},
                     {"noise", part.noise},
                     {"outliers", part.outliers},
                     {"parameters", part.parameters}});
  }
  return {{"deviation_factor", surface.factor()},
          {"effective_data", surface.effective_data()},
          {"parts", std::move(parts)}};
}

Json candidates_of(const Curve& curve) {
  Json list = Json::array();
  for (const CurveCandidate& candidate : curve.candidates()) {
    Json parameters = Json::object();
    const std::vector<double> published = candidate.published(curve.data().x_edge);
    std::string names(candidate.law->parameters);
    for (std::size_t p = 0, start = 0; p < published.size(); ++p) {
      const std::size_t end = std::min(names.find(',', start), names.size());
      std::string one = names.substr(start, end - start);
      one.erase(0, one.find_first_not_of(' '));
      parameters[one] = number(published[p]);
      start = std::min(end + 1, names.size());
    }
    list.push_back({{"law", candidate.law->name},
                    {"formula", candidate.law->formula},
                    {"with_discrepancy", candidate.with_discrepancy},
                    {"weight", candidate.averaged ? candidate.weight : 0.0},
                    {"parameters", parameters},
                    {"log_rmse", number(candidate.in_fit)},
                    {"hold_out_log_rmse", candidate.hold_out < 0 ? Json() : number(candidate.hold_out)},
                    {"gradient_norm", number(candidate.gradient_norm)},
                    {"share", candidate.agreement}});
  }
  return list;
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
    fit["kind"] = series.curve ? "curve" : "joint";
    fit["variables"] = series.surface->variables();
    fit["loss"] = series.curve ? "log" : config.loss;
    fit["runs_fitted"] = series.runs.count();
    const Repeats repeats = find_repeats(series.runs);
    if (repeats.repeated_cells > 0) {
      fit["repeats"] = {{"scales", repeats.cells},
                        {"repeated", repeats.repeated_cells},
                        {"log_error_sd", repeats.log_error_sd}};
    }
    if (series.curve) {
      fit["curve"] = {{"variable", series.curve_variable},
                      {"x_edge", series.curve->data().x_edge},
                      {"noise", series.curve->data().noise},
                      {"hold_out_miss", series.curve->hold_out_miss()},
                      {"laws", candidates_of(*series.curve)}};
    } else {
      const auto& surface = dynamic_cast<const JointSurface&>(*series.surface);
      fit["laws"] = laws_of(series);
      fit["hold_outs"] = hold_outs_of(series);
      if (surface.posterior()) {
        fit["posterior"] = posterior_of(surface);
      } else {
        fit["misfit"] = {{"noise", surface.misfit().noise},
                         {"shared", surface.misfit().shared},
                         {"growth", surface.misfit().growth}};
      }
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
