#include "fit/command/read_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/law/effective_data.h"
#include "fit/law/expression_law.h"
#include "fit/law/laws.h"
#include "fit/numeric/statistics.h"
#include "fit/posterior/predictive.h"
#include "fit/runs/roles.h"
#include "fit/surface/curve.h"
#include "fit/surface/joint.h"

namespace frugal::fit {

using base::UserError;

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

Runs read_runs(const Node& node) {
  Runs runs;
  runs.y = node[role::error].reals();
  if (runs.y.empty()) node.fail("at least one run");
  for (const Role& role : roles()) {
    if (!role.is_number() || !node.has(role.name)) continue;
    std::vector<double> values = node[role.name].reals();
    if (values.size() != runs.count()) node[role.name].fail("as long as error");
    if (role.scale != nullptr) {
      runs.set_column(role.name, std::move(values));
    } else {
      runs.*role.values = std::move(values);
    }
  }
  return runs;
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
    part.amplitude = list[k][list[k].has("wander") ? "wander" : "discrepancy"].real();  // the old name too
    part.steepness = list[k]["steepness"].real();
    part.noise = list[k]["noise"].real();
    // Fit files of earlier versions say "doubtful".
    const Node outliers = list[k][list[k].has("doubtful") ? "doubtful" : "outliers"];
    for (const double cell : outliers.reals()) {
      if (!(cell >= 0)) outliers.fail("numbers of scales");
      part.outliers.push_back(static_cast<std::size_t>(cell));
    }
    part.parameters = list[k]["parameters"].reals();
    if (part.parameters.size() != part.law->size)
      list[k]["parameters"].fail("one value a parameter of the law");
    parts.push_back(std::move(part));
  }
  if (parts.empty()) list.fail("at least one part");
  Runs runs = read_runs(fit["runs"]);
  check_runs(runs, {variable::size, variable::data}, true);
  const bool effective = node["effective_data"].truth();
  Posterior posterior = Posterior::restore(effective ? with_effective_data(runs) : runs, std::move(parts));
  return std::make_unique<JointSurface>(std::move(posterior), node["deviation_factor"].real(), effective,
                                        normal_scores(static_cast<std::size_t>(draws), seed), seed,
                                        std::move(runs));
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
  Runs runs = read_runs(fit["runs"]);
  Curve curve = Curve::fit(runs.column(variable), runs.y);
  return std::make_unique<CurveSurface>(std::move(curve), variable, std::move(runs), draws, seed);
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
