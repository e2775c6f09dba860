#include "fit/surface/curve_surface.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/numeric/statistics.h"

namespace frugal::fit {

CurveSurface::CurveSurface(Curve curve, std::string variable, Runs measured, int draws, std::uint64_t seed)
    : Surface(std::move(measured)),
      curve_(std::move(curve)),
      variable_(std::move(variable)),
      scores_(normal_scores(static_cast<std::size_t>(draws), seed)) {
  law_name = "learning curve";
  // Fine around the runs, coarse towards the end of the world, where floors are read off.
  const double low = std::log(smallest().of(variable_)) - 7.5, fine = std::log(largest().of(variable_)) + 10;
  std::vector<double> x;
  for (double at = low; at < 139; at += at < fine ? 0.05 : 1.0) {
    log_x_.push_back(at);
    x.push_back(std::exp(at));
  }
  for (const CurvePrediction& prediction : curve_.predict(x)) {
    log_y_.push_back(std::log(prediction.y));
    deviation_.push_back(prediction.log_deviation);
  }
}

double CurveSurface::error(const RunScale& scale, int draw, bool with_misfit) const {
  if (draw < 0) {
    const std::array<double, 1> x = {scale.of(variable_)};
    return curve_.predict(x).front().y;
  }
  const double at = std::log(scale.of(variable_));
  const auto above = std::upper_bound(log_x_.begin() + 1, log_x_.end() - 1, at);
  const auto k = static_cast<std::size_t>(above - log_x_.begin());
  const double t = std::clamp((at - log_x_[k - 1]) / (log_x_[k] - log_x_[k - 1]), 0.0, 1.0);
  const double log_y = log_y_[k - 1] + t * (log_y_[k] - log_y_[k - 1]);
  if (!with_misfit) return std::exp(log_y);
  const double deviation = deviation_[k - 1] + t * (deviation_[k] - deviation_[k - 1]);
  return std::exp(log_y + scores_[static_cast<std::size_t>(draw)] * deviation);
}

Estimate CurveSurface::predict(const RunScale& scale, double coverage) const {
  const std::array<double, 1> x = {scale.of(variable_)};
  if (coverage <= 0) return estimate_of(curve_.predict(x).front().y, {}, 0);
  const CurvePrediction prediction = curve_.predict(x, coverage).front();
  return {prediction.y, prediction.lower, prediction.upper};
}

namespace {

using Json = nlohmann::ordered_json;

// Names of a law's published parameters with their values.
Json published_of(const CurveCandidate& candidate, double x_edge) {
  Json parameters = Json::object();
  const std::string names(candidate.law->parameters);
  std::size_t start = 0;
  for (const double value : candidate.published(x_edge)) {
    const std::size_t end = std::min(names.find(',', start), names.size());
    parameters[names.substr(start, end - start)] = finite_json(value);
    start = std::min(end + 1, names.size());
  }
  return parameters;
}

Json candidate_json(const CurveCandidate& candidate, double x_edge) {
  Json theta = Json::array();
  for (const double value : candidate.theta) theta.push_back(finite_json(value));
  Json one = {{"law", candidate.law->name},
              {"formula", candidate.law->formula},
              {"with_discrepancy", candidate.with_discrepancy},
              {"weight", candidate.averaged ? candidate.weight : 0.0},
              {"parameters", published_of(candidate, x_edge)},
              {"log_rmse", finite_json(candidate.in_fit)},
              {"hold_out_log_rmse", candidate.hold_out < 0 ? Json() : finite_json(candidate.hold_out)},
              {"gradient_norm", finite_json(candidate.gradient_norm)},
              {"share", candidate.agreement},
              {"theta", std::move(theta)}};
  if (candidate.with_discrepancy && candidate.weight > 0)
    one["discrepancy_weights"] = candidate.discrepancy_weights;
  return one;
}

CurveCandidate read_candidate(const config::JsonNode& node, std::size_t points) {
  CurveCandidate candidate;
  candidate.law = find_curve_law(node["law"].text());
  if (candidate.law == nullptr) node["law"].fail("must be a law of one variable");
  candidate.weight = node["weight"].number();
  candidate.averaged = true;
  candidate.with_discrepancy = node["with_discrepancy"].flag();
  candidate.theta = node["theta"].numbers();
  if (candidate.theta.size() != candidate.law->size)
    node["theta"].fail("must have one value a parameter of the law");
  if (!candidate.with_discrepancy) return candidate;
  candidate.discrepancy_weights = node["discrepancy_weights"].numbers();
  if (candidate.discrepancy_weights.size() != points)
    node["discrepancy_weights"].fail("must have one value a fitted point");
  return candidate;
}

Curve read_parameters(const config::JsonNode& node) {
  CurveData data;
  data.t = node["t"].numbers();
  data.x_edge = node["x_edge"].number(config::greater_than(0));
  data.noise = node["noise"].number(config::greater_than(0));
  const config::JsonNode kernel = node["discrepancy"];
  std::vector<CurveCandidate> candidates;
  for (const config::JsonNode& one : node["laws"].elements()) {
    // What has no weight predicts nothing.
    if (one["weight"].number() > 0) candidates.push_back(read_candidate(one, data.t.size()));
  }
  if (candidates.empty()) node["laws"].fail("must have at least one law with a weight");
  return Curve::restore(std::move(data),
                        {kernel["amplitude"].number(), kernel["length"].number(config::greater_than(0))},
                        std::move(candidates), node["hold_out_miss"].number());
}

}  // namespace

void CurveSurface::write(Json& fit) const {
  const CurveData& data = curve_.data();
  Json laws = Json::array();
  for (const CurveCandidate& candidate : curve_.candidates())
    laws.push_back(candidate_json(candidate, data.x_edge));
  fit["curve"] = {{"variable", variable_},
                  {"x_edge", data.x_edge},
                  {"noise", data.noise},
                  {"hold_out_miss", curve_.hold_out_miss()},
                  {"discrepancy",
                   {{"amplitude", curve_.discrepancy().amplitude}, {"length", curve_.discrepancy().length}}},
                  {"t", data.t},
                  {"laws", std::move(laws)}};
}

std::unique_ptr<Surface> CurveSurface::read(const config::JsonNode& fit, const ReadOptions& options) {
  const config::JsonNode node = fit["curve"];
  const std::string variable = node["variable"].text();
  Runs runs = read_runs(fit["runs"]);
  if (!runs.has(variable)) node["variable"].fail("must be a column of the runs");
  const bool has_parameters = node.has("t");
  Curve curve = has_parameters ? read_parameters(node) : Curve::fit(runs.column(variable), runs.y);
  auto surface = std::make_unique<CurveSurface>(std::move(curve), variable, std::move(runs), options.draws,
                                                options.seed);
  if (!has_parameters)
    surface->note =
        "an earlier version of scalefit wrote this fit without its parameters: the curve was fitted again";
  return surface;
}

}  // namespace frugal::fit
