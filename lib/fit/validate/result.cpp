// What `scalefit validate` prints.
#include <nlohmann/json.hpp>

#include "fit/validate/validate.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;

void add_corners(const CornersReport& report, Json& out) {
  out["target"] = {{"size", report.target.size}, {"data", report.target.data}, {"repeats", report.repeats}};
  out["corners"] = Json::array();
  for (const CornerCheck& check : report.corners) {
    Json one = {{"largest_size", check.largest_size},
                {"largest_data", check.largest_data},
                {"runs", check.runs},
                {"compute_ratio", check.compute_ratio}};
    if (check.refusal.empty()) {
      one["measured"] = check.measured;
      one["predicted"] = to_json(check.predicted);
      one["relative_error"] = check.relative;
      one["covered"] = check.covered;
    } else {
      one["refused"] = check.refusal;
    }
    out["corners"].push_back(std::move(one));
  }
  out["mean_absolute_relative_error"] = report.mean_absolute;
  out["covered"] = report.covered;
}

void add_curves(const CurveReport& report, Json& out) {
  out["curves"] = Json::array();
  for (const CurveCheck& curve : report.curves) {
    Json one = {{"name", curve.name},
                {"fitted", curve.fitted},
                {"held_out", curve.held_out},
                {"dropped", curve.dropped}};
    if (!curve.refused.empty()) {
      one["refused"] = curve.refused;
    } else {
      one["covered"] = curve.covered;
      for (const CurveFigure& figure : curve.figures) one["log_rmse"][figure.form] = figure.rmse;
    }
    out["curves"].push_back(std::move(one));
  }
  out["summary"] = Json::object();
  for (const CurveSummary& s : report.summary)
    out["summary"][s.form] = {
        {"curves", s.curves}, {"mean", s.mean}, {"median", s.median}, {"worst", s.worst}};
  out["covered"] = report.covered;
}

Json convergence_json(const SeriesCheck::Convergence& c) {
  const Certificate& certificate = c.best.certificate;
  return {{"law", c.law},
          {"seeds", c.seeds},
          {"same_objective", c.agreeing},
          {"same_parameters", c.agreeing_parameters},
          {"objective", c.best.objective},
          {"parameters", c.best.theta},
          {"mu", c.best.mu},
          {"sigma", c.best.sigma},
          {"projected_gradient", certificate.projected_gradient},
          {"condition", certificate.condition},
          {"share_of_starts", certificate.share},
          {"at_bound", certificate.at_bound},
          {"unidentified", certificate.unidentified}};
}

void add_series(const std::vector<SeriesCheck>& checks, Json& out) {
  double covered = 0, width = 0, rows = 0;
  out["series"] = Json::array();
  for (const SeriesCheck& check : checks) {
    Json one = {{"name", check.name},
                {"fitted", check.fitted},
                {"held_out", check.held_out},
                {"left_out", check.left_out},
                {"convergence", Json::array()}};
    for (const auto& c : check.convergence) one["convergence"].push_back(convergence_json(c));
    if (!check.refusal.empty()) {
      one["refused"] = check.refusal;
    } else {
      one["log_rmse"] = check.log_rmse;
      one["covered"] = check.covered;
      one["mean_log_width"] = check.mean_log_width;
      covered += check.covered;
      rows += static_cast<double>(check.held_out);
      width += check.mean_log_width * static_cast<double>(check.held_out);
    }
    out["series"].push_back(std::move(one));
  }
  out["held_out"] = rows;
  out["covered"] = rows > 0 ? Json(covered / rows) : Json();
  out["mean_log_width"] = rows > 0 ? Json(width / rows) : Json();
}

void add_protocol(const std::vector<ProtocolResult>& results, Json& out) {
  out["surfaces"] = Json::array();
  for (const ProtocolResult& r : results) {
    out["surfaces"].push_back(
        {{"name", r.name},
         {"truth", r.theta},
         {"runs", r.runs},
         {"in_fit", {{"mu", r.fit_mu}, {"sigma", r.fit_sigma}}},
         {"corner_runs", r.corner_runs},
         {"extrapolation", {{"mu", r.extrapolation_mu}, {"sigma", r.extrapolation_sigma}}},
         {"extrapolation_by_default",
          {{"mu", r.default_mu}, {"sigma", r.default_sigma}, {"covered", r.default_covered}}}});
  }
}

}  // namespace

void add_to_result(const ValidateOutcome& outcome, Json& result) {
  if (!outcome.notes.empty()) result["notes"] = outcome.notes;
  if (outcome.corners) add_corners(*outcome.corners, result);
  if (outcome.curves) add_curves(*outcome.curves, result);
  if (!outcome.series.empty()) add_series(outcome.series, result);
  if (!outcome.protocol.empty()) add_protocol(outcome.protocol, result);
}

}  // namespace frugal::fit
