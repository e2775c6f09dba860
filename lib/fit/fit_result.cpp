// What `scalefit fit` prints, and reading it back.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/curve_surface.h"
#include "fit/fit_command.h"
#include "fit/predictive.h"
#include "fit/read_fit.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
using base::UserError;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json runs_of(const Measurements& m) {
  Json runs;
  const auto put = [&runs](const char* name, const std::vector<double>& values) {
    if (!values.empty()) runs[name] = values;
  };
  put("size", m.size);
  put("data", m.data);
  put("compute", m.compute);
  put("unique_data", m.unique_data);
  put("density", m.density);
  put("error", m.error);
  put("weight", m.weight);
  put("standard_error", m.standard_error);
  return runs;
}

RunScale scale_of(const Measurements& m, std::size_t i) {
  const auto value = [i](const std::vector<double>& values) { return values.empty() ? 0 : values[i]; };
  return {value(m.size), value(m.data), value(m.compute), value(m.unique_data), value(m.density)};
}

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
                     {"wander", part.amplitude},
                     {"steepness", part.steepness},
                     {"noise", part.noise},
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
                    {"wanders", candidate.wanders},
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
  const Measurements& m = series.held_out;
  double square = 0, inside = 0, width = 0;
  for (std::size_t i = 0; i < m.count(); ++i) {
    const Estimate e = series.surface->predict(scale_of(m, i), config.coverage);
    square += std::pow(std::log(e.value / m.error[i]), 2);
    inside += e.low <= m.error[i] && m.error[i] <= e.high ? 1 : 0;
    width += std::log(e.high / e.low);
  }
  const double count = static_cast<double>(m.count());
  return {{"runs", m.count()},
          {"log_rmse", std::sqrt(square / count)},
          {"covered", inside / count},
          {"mean_log_width", width / count}};
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
    fit["runs_fitted"] = series.measurements.count();
    const Repeats repeats = find_repeats(series.measurements);
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
    if (series.held_out.count() > 0) fit["held_out"] = held_out_of(series, config);
    fit["notes"] = series.notes;
    fit["runs"] = runs_of(series.measurements);
    std::vector<double> predicted;
    for (std::size_t i = 0; i < series.measurements.count(); ++i) {
      predicted.push_back(series.surface->error(scale_of(series.measurements, i), Surface::estimate, false));
    }
    fit["runs"]["predicted"] = predicted;
    result["fits"].push_back(std::move(fit));
  }
}

namespace {

// Reading: every access names the JSON path that lacks what is needed.
class Node {
 public:
  Node(const nlohmann::json& json, std::string place) : json_(json), place_(std::move(place)) {}
  Node operator[](const std::string& key) const {
    const auto found = json_.is_object() ? json_.find(key) : json_.end();
    if (!json_.is_object() || found == json_.end()) {
      throw UserError(place_, fmt::format("has no '{}'", key),
                      "is this the JSON that `scalefit fit` printed?");
    }
    return {*found, place_ + (place_.find(":/") == std::string::npos ? ":/" : "/") + key};
  }
  Node operator[](std::size_t i) const { return {json_.at(i), place_ + "/" + std::to_string(i)}; }
  bool has(const std::string& key) const { return json_.is_object() && json_.contains(key); }
  std::size_t size() const {
    if (!json_.is_array()) fail("a list");
    return json_.size();
  }
  std::string text() const {
    if (!json_.is_string()) fail("text");
    return json_.get<std::string>();
  }
  bool truth() const {
    if (!json_.is_boolean()) fail("true or false");
    return json_.get<bool>();
  }
  double real() const {
    if (!json_.is_number()) fail("a number");
    return json_.get<double>();
  }
  std::vector<double> reals() const {
    std::vector<double> out(size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!json_[i].is_number()) (*this)[i].fail("a number");
      out[i] = json_[i].get<double>();
    }
    return out;
  }
  [[noreturn]] void fail(const char* wanted) const {
    throw UserError(place_, fmt::format("must be {}, got {}", wanted, json_.type_name()));
  }
  const std::string& place() const { return place_; }

 private:
  const nlohmann::json& json_;
  std::string place_;
};

Measured read_runs(const Node& runs) {
  Measured measured;
  measured.error = runs["error"].reals();
  measured.scale.resize(measured.error.size());
  for (const char* name : {"size", "data", "compute", "unique_data", "density"}) {
    if (!runs.has(name)) continue;
    const std::vector<double> values = runs[name].reals();
    if (values.size() != measured.error.size()) runs[name].fail("as long as error");
    for (std::size_t i = 0; i < values.size(); ++i) measured.scale[i].of(name) = values[i];
  }
  if (measured.error.empty()) runs.fail("at least one run");
  return measured;
}

// The posterior follows from its parts and the runs that it was fitted to.
std::unique_ptr<Surface> read_posterior(const Node& fit, std::uint64_t seed, int draws) {
  const Node node = fit["posterior"], list = node["parts"];
  std::vector<PosteriorPart> parts;
  for (std::size_t k = 0; k < list.size(); ++k) {
    PosteriorPart part;
    part.law = find_posterior_law(list[k]["law"].text());
    if (part.law == nullptr) list[k]["law"].fail("a law of size and data");
    part.weight = list[k]["weight"].real();
    part.amplitude = list[k]["wander"].real();
    part.steepness = list[k]["steepness"].real();
    part.noise = list[k]["noise"].real();
    part.parameters = list[k]["parameters"].reals();
    if (part.parameters.size() != part.law->size)
      list[k]["parameters"].fail("one value a parameter of the law");
    parts.push_back(std::move(part));
  }
  if (parts.empty()) list.fail("at least one part");
  const Node runs = fit["runs"];
  Measured measured = read_runs(runs);
  Points points;
  points.y = measured.error;
  for (const char* name : {variable::size, variable::data}) points.set_column(name, runs[name].reals());
  const bool effective = node["effective_data"].truth();
  if (effective) points.set_column(variable::unique_data, runs[variable::unique_data].reals());
  if (runs.has("weight")) points.weight = runs["weight"].reals();
  if (runs.has("standard_error")) points.standard_error = runs["standard_error"].reals();
  check_points(points, {variable::size, variable::data}, true);
  Posterior posterior = Posterior::restore(with_effective_data(std::move(points)), std::move(parts));
  return std::make_unique<JointSurface>(std::move(posterior), node["deviation_factor"].real(), effective,
                                        normal_scores(static_cast<std::size_t>(draws), seed), seed,
                                        std::move(measured));
}

std::unique_ptr<Surface> read_joint(const Node& fit, std::uint64_t seed) {
  const Node laws = fit["laws"];
  std::vector<SurfaceComponent> components;
  std::size_t draws = 0;
  for (std::size_t k = 0; k < laws.size(); ++k) {
    const Node one = laws[k];
    SurfaceComponent component;
    const std::string name = one["law"].text();
    component.law = name == "expression"
                        ? make_expression_law(one["formula"].text(), {}, one["formula"].place())
                        : find_law(name);
    component.weight = one["weight"].real();
    const Node parameters = one["parameters"];
    for (std::size_t p = 0; p < parameters.size(); ++p)
      component.theta.push_back(parameters[p]["value"].real());
    const std::size_t count = component.law->parameter_count();
    if (component.theta.size() != count) parameters.fail("one value a parameter of the law");
    const Node list = one["draws"];
    for (std::size_t d = 0; d < list.size(); ++d) {
      component.draws.push_back(list[d].reals());
      if (component.draws.back().size() != count) list[d].fail("one value a parameter of the law");
    }
    if (k > 0 && component.draws.size() != draws) list.fail("as long as that of the first law");
    draws = component.draws.size();
    components.push_back(std::move(component));
  }
  if (components.empty()) laws.fail("at least one law");
  const Node misfit = fit["misfit"];
  return std::make_unique<JointSurface>(
      std::move(components), Misfit{misfit["noise"].real(), misfit["shared"].real(), misfit["growth"].real()},
      normal_scores(draws, seed), read_runs(fit["runs"]));
}

std::unique_ptr<Surface> read_curve(const Node& fit, std::uint64_t seed, int draws) {
  const std::string variable = fit["curve"]["variable"].text();
  Measured measured = read_runs(fit["runs"]);
  std::vector<double> x;
  for (const RunScale& scale : measured.scale) x.push_back(scale.of(variable));
  Curve curve = Curve::fit(x, measured.error);
  return std::make_unique<CurveSurface>(std::move(curve), variable, std::move(measured), draws, seed);
}

}  // namespace

ReadFit read_fit(const nlohmann::json& json, const std::string& origin, const std::string& group) {
  const Node root(json, origin);
  const std::string schema = root["schema"].text();
  if (!schema.starts_with("frugal.scalefit.fit/")) {
    throw UserError(root["schema"].place(), fmt::format("must be a fit, got '{}'", schema),
                    "give the JSON that `scalefit fit` printed");
  }
  const Node fits = root["fits"];
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    groups.push_back(fits[i].has("group") ? fits[i]["group"].text() : "");
  }
  std::size_t chosen = 0;
  if (!group.empty()) {
    const auto found = std::find(groups.begin(), groups.end(), group);
    if (found == groups.end()) {
      throw UserError(fits.place(), fmt::format("no group '{}'", group), base::suggest(group, groups));
    }
    chosen = static_cast<std::size_t>(found - groups.begin());
  } else if (groups.size() != 1) {
    throw UserError(fits.place(), fmt::format("holds {} fits; which one is meant?", groups.size()),
                    groups.empty() ? "" : fmt::format("--group {}", fmt::join(groups, ", --group ")));
  }
  const Node fit = fits[chosen];
  ReadFit out;
  out.group = groups[chosen];
  const auto seed = static_cast<std::uint64_t>(root["seed"].real());
  const Node config = root["config"];
  out.cost = config.has("cost") ? config["cost"].text() : "6*N*D";
  out.coverage = config.has("coverage") ? config["coverage"].real() : 0.95;
  const int draws = config.has("draws") ? static_cast<int>(config["draws"].real()) : 400;
  out.surface = fit["kind"].text() == "curve" ? read_curve(fit, seed, draws)
                : fit.has("posterior")        ? read_posterior(fit, seed, draws)
                                              : read_joint(fit, seed);
  return out;
}

}  // namespace frugal::fit
