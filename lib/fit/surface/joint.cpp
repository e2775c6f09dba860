#include "fit/surface/joint.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "fit/law/effective_data.h"
#include "fit/numeric/statistics.h"

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

JointSurface::JointSurface(std::vector<SurfaceComponent> components, Misfit misfit,
                           std::vector<double> misfit_draws, Runs measured)
    : components_(std::move(components)), misfit_(misfit), misfit_draws_(std::move(misfit_draws)) {
  for (const SurfaceComponent& component : components_) {
    FRUGAL_ASSERT(component.draws.size() == misfit_draws_.size(), "components with other numbers of draws");
    law_name += (law_name.empty() ? "" : " + ") + component.law->name;
  }
  set_up(std::move(measured));
}

JointSurface::JointSurface(Posterior posterior, double factor, bool effective,
                           std::vector<double> misfit_draws, std::uint64_t seed, Runs measured)
    : posterior_(std::move(posterior)),
      factor_(factor),
      effective_data_(effective),
      misfit_draws_(std::move(misfit_draws)) {
  // What a report says of each law: its weight over all parts, and the likeliest of them.
  const std::vector<PosteriorPart>& parts = posterior_->parts();
  for (const PosteriorPart& part : parts) {
    auto known = std::find_if(components_.begin(), components_.end(),
                              [&](const SurfaceComponent& c) { return c.label == part.law->name; });
    if (known != components_.end()) {
      known->weight += part.weight;
      continue;
    }
    const std::string name(part.law->name);
    components_.push_back({find_law(name),
                           name,
                           part.weight,
                           part.law->published(part.parameters.data(), posterior_->edge()),
                           {}});
  }
  law_name = "average of " + std::to_string(components_.size()) + " laws";
  set_up(std::move(measured));
  // Each part has its weight's share of the draws, spread evenly among them.
  base::Random random(seed, "fit/posterior_draws");
  std::vector<double> due(parts.size(), 0.0), normals(8);
  for (std::size_t draw = 0; draw < misfit_draws_.size(); ++draw) {
    for (std::size_t k = 0; k < due.size(); ++k) due[k] += parts[k].weight;
    const auto most = std::max_element(due.begin(), due.end());
    *most -= 1;
    const auto k = static_cast<std::size_t>(most - due.begin());
    for (double& normal : normals) normal = random.normal();
    law_draws_.push_back({k, posterior_->draw(parts[k], normals)});
  }
}

void JointSurface::set_up(Runs measured) {
  FRUGAL_ASSERT(!components_.empty(), "a surface without laws");
  set_measured(std::move(measured));
  for (const SurfaceComponent& component : components_) {
    inputs_.emplace_back();
    for (const std::string& variable : component.law->variables) {
      inputs_.back().push_back(scale_member(variable));
      if (std::find(variables_.begin(), variables_.end(), variable) == variables_.end()) {
        variables_.push_back(variable);
      }
    }
  }
  if (effective_data_) variables_.emplace_back(variable::unique_data);
  for (const std::string& variable : variables_) scales_.push_back(scale_member(variable));
}

double JointSurface::log_error(const SurfaceComponent& component, std::size_t index,
                               const std::vector<double>& theta, const RunScale& scale) const {
  // One run's inputs, reused: this is called tens of thousands of times for one plan.
  thread_local Inputs inputs;
  inputs.count = 1;
  const std::size_t count = inputs_[index].size();
  inputs.value.resize(count);
  inputs.log_value.resize(count);
  for (std::size_t v = 0; v < count; ++v) {
    const double x = scale.*inputs_[index][v];
    inputs.value[v].assign(1, x);
    inputs.log_value[v].assign(1, std::log(x));
  }
  double y = 0;
  component.law->evaluate(theta.data(), inputs, &y, nullptr);
  return std::log(y);
}

RunScale JointSurface::with_effective_data(RunScale scale) const {
  if (effective_data_ && scale.unique_data > 0)
    scale.data = fit::effective_data(scale.data, scale.unique_data);
  return scale;
}

Estimate JointSurface::predict(const RunScale& given, double coverage) const {
  if (!posterior_) return Surface::predict(given, coverage);
  const RunScale scale = with_effective_data(given);
  const Posterior::Moments log_error = posterior_->at(scale.size, scale.data);
  const double half = coverage > 0 ? normal_quantile(0.5 + coverage / 2) * factor_ * log_error.deviation : 0;
  return {std::exp(log_error.mean), std::exp(log_error.mean - half), std::exp(log_error.mean + half)};
}

double JointSurface::error(const RunScale& given, int draw, bool with_misfit) const {
  const RunScale scale = with_effective_data(given);
  const auto k_draw = static_cast<std::size_t>(std::max(draw, 0));
  if (posterior_) {
    if (draw >= 0 && !with_misfit) {
      const LawDraw& one = law_draws_[k_draw];
      return std::exp(
          posterior_->log_law(posterior_->parts()[one.part], one.parameters.data(), scale.size, scale.data));
    }
    const Posterior::Moments log_error = posterior_->at(scale.size, scale.data);
    return std::exp(log_error.mean + (draw < 0 ? 0 : misfit_draws_[k_draw] * factor_ * log_error.deviation));
  }
  double mean = 0;
  for (std::size_t k = 0; k < components_.size(); ++k) {
    const SurfaceComponent& component = components_[k];
    mean += component.weight *
            log_error(component, k, draw < 0 ? component.theta : component.draws[k_draw], scale);
  }
  if (with_misfit && draw >= 0) {
    double beyond = 1;
    for (const auto member : scales_) {
      if (largest().*member > 0) beyond = std::max(beyond, scale.*member / largest().*member);
    }
    mean += misfit_draws_[k_draw] * misfit_.log_sd(beyond);
  }
  return std::exp(mean);
}

}  // namespace frugal::fit
