#include "fit/draws.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "fit/minimise.h"

namespace frugal::fit {

std::vector<std::vector<double>> bootstrap_draws(const Law& law, const Points& points,
                                                 const FitOptions& options, const FitResult& estimate,
                                                 std::size_t count) {
  const Setup setup = prepare(law, points, options);
  Problem problem(law, setup.inputs, points.y, setup.weight, options.objective);
  Minimiser minimiser(problem, setup.lower, setup.upper);
  std::vector<double> start = estimate.theta;
  if (setup.unit_free) law.to_units(start.data(), setup.log_unit.data());
  MinimiseOptions quick;
  quick.tolerance = 1e-10;
  base::Random random(options.seed, "fit/bootstrap");
  std::vector<std::vector<double>> draws;
  std::vector<double> weight(points.count());
  for (std::size_t k = 0; k < count; ++k) {
    std::fill(weight.begin(), weight.end(), 0.0);
    for (std::size_t i = 0; i < points.count(); ++i) {
      const std::size_t pick = random.below(points.count());
      weight[pick] += setup.weight[pick];
    }
    problem.set_weight(weight.data());
    draws.push_back(minimiser.run(start.data(), quick).theta);
    if (setup.unit_free) law.from_units(draws.back().data(), setup.log_unit.data());
  }
  return draws;
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

}  // namespace frugal::fit
