#include "fit/joint_surface.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace frugal::fit {
namespace {

// Inverse of the normal distribution by Newton's method from a logistic start.
double normal_quantile(double p) {
  double x = std::log(p / (1 - p)) / 1.702;
  for (int i = 0; i < 20; ++i) {
    const double error = 0.5 * std::erfc(-x / std::sqrt(2.0)) - p;
    const double step = error / (std::exp(-x * x / 2) / std::sqrt(2 * M_PI));
    x -= step;
    if (std::fabs(step) < 1e-14) break;
  }
  return x;
}

}  // namespace

double Misfit::log_sd(double beyond) const {
  const double far = growth * std::log(std::max(1.0, beyond));
  return std::sqrt(noise * noise + (shared + far) * (shared + far));
}

std::vector<double> normal_scores(std::size_t count, std::uint64_t seed) {
  std::vector<double> scores;
  for (const std::size_t place : base::Random(seed, "fit/normal_scores").permutation(count)) {
    scores.push_back(normal_quantile((static_cast<double>(place) + 0.5) / static_cast<double>(count)));
  }
  return scores;
}

JointSurface::JointSurface(std::vector<SurfaceComponent> components, Misfit misfit,
                           std::vector<double> misfit_draws, Measured measured)
    : components_(std::move(components)), misfit_(misfit), misfit_draws_(std::move(misfit_draws)) {
  FRUGAL_ASSERT(!components_.empty(), "a surface without laws");
  measured_ = std::move(measured);
  for (const SurfaceComponent& component : components_) {
    FRUGAL_ASSERT(component.draws.size() == misfit_draws_.size(), "components with other numbers of draws");
    for (const std::string& variable : component.law->variables) {
      if (std::find(variables_.begin(), variables_.end(), variable) == variables_.end()) {
        variables_.push_back(variable);
      }
    }
    law_name += (law_name.empty() ? "" : " + ") + component.law->name;
  }
  edge_ = largest();
}

double JointSurface::error(const RunScale& scale, int draw, bool with_misfit) const {
  double log_error = 0;
  // One run's inputs, reused: this is called tens of thousands of times for one plan.
  thread_local Inputs inputs;
  inputs.count = 1;
  for (const SurfaceComponent& component : components_) {
    const std::size_t count = component.law->variables.size();
    inputs.value.resize(count);
    inputs.log_value.resize(count);
    for (std::size_t v = 0; v < count; ++v) {
      const double x = scale.of(component.law->variables[v]);
      inputs.value[v].assign(1, x);
      inputs.log_value[v].assign(1, std::log(x));
    }
    const std::vector<double>& theta =
        draw < 0 ? component.theta : component.draws[static_cast<std::size_t>(draw)];
    double y = 0;
    component.law->evaluate(theta.data(), inputs, &y, nullptr);
    log_error += component.weight * std::log(y);
  }
  if (with_misfit && draw >= 0) {
    double beyond = 1;
    for (const std::string& variable : variables_) {
      if (edge_.of(variable) > 0) beyond = std::max(beyond, scale.of(variable) / edge_.of(variable));
    }
    log_error += misfit_draws_[static_cast<std::size_t>(draw)] * misfit_.log_sd(beyond);
  }
  return std::exp(log_error);
}

}  // namespace frugal::fit
