#include "fit/surface/law_surface.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/law/expression_law.h"
#include "fit/numeric/statistics.h"
#include "fit/runs/roles.h"

namespace frugal::fit {

double Misfit::log_sd(double beyond) const {
  const double far = growth * std::log(std::max(1.0, beyond));
  return std::sqrt(noise * noise + (shared + far) * (shared + far));
}

Misfit misfit_of(const std::vector<double>& misses, const std::vector<double>& distances, double in_fit) {
  Misfit misfit;
  misfit.noise = in_fit;
  if (misses.empty()) {
    misfit.growth = in_fit;
    return misfit;
  }
  double excess = 0, reach = 0;
  for (std::size_t i = 0; i < misses.size(); ++i) {
    excess += misses[i] * misses[i] - in_fit * in_fit;
    reach += std::pow(std::log(std::max(1.0, distances[i])) + 0.5, 2);
  }
  const double slope = std::sqrt(std::max(0.0, excess) / reach);
  misfit.growth = slope;
  misfit.shared = 0.5 * slope;
  return misfit;
}

LawSurface::Input LawSurface::input_of(const std::string& variable) {
  if (is_scale(variable)) return {scale_member(variable), variable};
  return {nullptr, variable};
}

LawSurface::LawSurface(std::vector<SurfaceComponent> components, Misfit misfit,
                       std::vector<double> misfit_draws, Runs measured)
    : Surface(std::move(measured)),
      components_(std::move(components)),
      misfit_(misfit),
      misfit_draws_(std::move(misfit_draws)) {
  FRUGAL_ASSERT(!components_.empty(), "a surface without laws");
  for (const SurfaceComponent& component : components_) {
    FRUGAL_ASSERT(component.draws.size() == misfit_draws_.size(), "components with other numbers of draws");
    law_name += (law_name.empty() ? "" : " + ") + component.law->name;
    inputs_.emplace_back();
    for (const std::string& variable : component.law->variables) {
      inputs_.back().push_back(input_of(variable));
      if (std::find(variables_.begin(), variables_.end(), variable) != variables_.end()) continue;
      variables_.push_back(variable);
      scales_.push_back(input_of(variable));
    }
  }
}

double LawSurface::log_error(std::size_t component, const std::vector<double>& theta,
                             const RunScale& scale) const {
  // One run's inputs, reused: this is called tens of thousands of times for one plan.
  thread_local Inputs inputs;
  inputs.count = 1;
  const std::size_t count = inputs_[component].size();
  inputs.value.resize(count);
  inputs.log_value.resize(count);
  for (std::size_t v = 0; v < count; ++v) {
    const double x = inputs_[component][v].in(scale);
    inputs.value[v].assign(1, x);
    inputs.log_value[v].assign(1, std::log(x));
  }
  double y = 0;
  components_[component].law->evaluate(theta.data(), inputs, &y, nullptr);
  return std::log(y);
}

double LawSurface::error(const RunScale& scale, int draw, bool with_misfit) const {
  const auto index = static_cast<std::size_t>(std::max(draw, 0));
  double mean = 0;
  for (std::size_t k = 0; k < components_.size(); ++k) {
    const SurfaceComponent& component = components_[k];
    mean += component.weight * log_error(k, draw < 0 ? component.theta : component.draws[index], scale);
  }
  if (with_misfit && draw >= 0) {
    double beyond = 1;
    for (const Input& input : scales_) {
      if (input.in(largest()) > 0) beyond = std::max(beyond, input.in(scale) / input.in(largest()));
    }
    mean += misfit_draws_[index] * misfit_.log_sd(beyond);
  }
  return std::exp(mean);
}

void LawSurface::write(nlohmann::ordered_json& fit) const {
  fit["laws"] = components_to_json(components_);
  for (std::size_t k = 0; k < components_.size(); ++k) fit["laws"][k]["draws"] = components_[k].draws;
  fit["misfit"] = {{"noise", misfit_.noise}, {"shared", misfit_.shared}, {"growth", misfit_.growth}};
}

namespace {

// Columns that the user's own law has as variables; earlier versions knew none.
std::vector<std::string> own_variables(const config::JsonNode& law) {
  std::vector<std::string> out;
  if (!law.has("variables")) return out;
  for (const std::string& name : law["variables"].texts()) {
    if (!is_scale(name)) out.push_back(name);
  }
  return out;
}

}  // namespace

std::unique_ptr<Surface> LawSurface::read(const config::JsonNode& fit, const ReadOptions& options) {
  const config::JsonNode laws = fit["laws"], misfit = fit["misfit"];
  std::vector<SurfaceComponent> components;
  for (const config::JsonNode& one : laws.elements()) {
    SurfaceComponent component;
    component.label = one["law"].text();
    component.law =
        component.label == "expression"
            ? make_expression_law(one["formula"].text(), {}, one["formula"].place(), own_variables(one))
            : find_law(component.label);
    component.weight = one["weight"].number();
    const std::size_t count = component.law->parameter_count();
    for (const config::JsonNode& parameter : one["parameters"].elements())
      component.theta.push_back(parameter["value"].number());
    if (component.theta.size() != count) one["parameters"].fail("must have one value a parameter of the law");
    for (const config::JsonNode& draw : one["draws"].elements()) {
      component.draws.push_back(draw.numbers());
      if (component.draws.back().size() != count) draw.fail("must have one value a parameter of the law");
    }
    if (!components.empty() && component.draws.size() != components.front().draws.size())
      one["draws"].fail("must be as long as that of the first law");
    components.push_back(std::move(component));
  }
  if (components.empty()) laws.fail("must have at least one law");
  std::vector<double> scores = normal_scores(components.front().draws.size(), options.seed);
  return std::make_unique<LawSurface>(
      std::move(components),
      Misfit{misfit["noise"].number(), misfit["shared"].number(), misfit["growth"].number()},
      std::move(scores), read_runs(fit["runs"]));
}

}  // namespace frugal::fit
