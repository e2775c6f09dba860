#include "fit/law/setup.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace frugal::fit {

using base::UserError;

std::size_t Setup::free_count() const {
  std::size_t free = 0;
  for (std::size_t p = 0; p < lower.size(); ++p) free += lower[p] < upper[p];
  return free;
}

namespace {

std::vector<double> run_weights(const Runs& points, const FitOptions& options) {
  std::vector<double> weight = points.weight;
  if (weight.empty()) weight.assign(points.count(), 1.0);
  if (!options.use_standard_errors || points.standard_error.empty()) return weight;
  double total = 0;
  std::vector<double> precision(points.count());
  for (std::size_t i = 0; i < points.count(); ++i) {
    const double unit = options.objective.residual == Residual::absolute ? 1.0 : points.y[i];
    precision[i] = std::pow(unit / points.standard_error[i], 2);
    total += precision[i];
  }
  for (std::size_t i = 0; i < points.count(); ++i) weight[i] *= precision[i] * double(points.count()) / total;
  return weight;
}

}  // namespace

Setup prepare(const Law& law, const Runs& points, const FitOptions& options) {
  Setup setup;
  const std::size_t p_count = law.parameter_count();
  FRUGAL_ASSERT(p_count <= 32, "a law has at most 32 parameters");
  for (const Parameter& parameter : law.parameters) {
    setup.lower.push_back(parameter.lower);
    setup.upper.push_back(parameter.upper);
  }
  for (const auto& [name, range] : options.bounds) {
    const std::size_t p = law.index_of(name);
    if (!(range.first <= range.second))
      throw UserError("", fmt::format("bounds of '{}': {} is not below {}", name, range.first, range.second));
    setup.lower[p] = range.first;
    setup.upper[p] = range.second;
  }
  for (const auto& [name, value] : options.fixed) {
    const std::size_t p = law.index_of(name);
    if (!std::isfinite(value))
      throw UserError("", fmt::format("fixed '{}' must be a number, got {}", name, value));
    setup.lower[p] = setup.upper[p] = value;
  }
  setup.weight = run_weights(points, options);

  // Geometric means as units, unless a parameter that the user holds would change its value with them.
  setup.log_unit.assign(law.variables.size(), 0);
  std::vector<double> log_mean(law.variables.size(), 0);
  for (std::size_t v = 0; v < law.variables.size(); ++v) {
    for (const double x : points.column(law.variables[v])) log_mean[v] += std::log(x);
    log_mean[v] /= double(points.count());
  }
  law.share_units(log_mean.data());
  std::vector<double> probe(p_count), changed;
  for (std::size_t p = 0; p < p_count; ++p) {
    const Parameter& parameter = law.parameters[p];
    probe[p] = 0.5 * (parameter.start_lower + parameter.start_upper);
  }
  changed = probe;
  bool changes = law.from_units(changed.data(), log_mean.data());
  for (std::size_t p = 0; p < p_count && changes; ++p) {
    const bool held =
        options.bounds.count(law.parameters[p].name) || options.fixed.count(law.parameters[p].name);
    if (held && changed[p] != probe[p]) changes = false;
  }
  if (changes) setup.log_unit = log_mean;
  setup.unit_free = changes;
  setup.inputs = inputs_of(law, points, setup.log_unit);
  return setup;
}

}  // namespace frugal::fit
