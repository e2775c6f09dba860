#include "fit/posterior/draws.h"

#include <algorithm>
#include <cmath>

#include "fit/law/uncertainty.h"

namespace frugal::fit {

std::vector<std::vector<double>> bootstrap_draws(const Law& law, const Runs& points,
                                                 const FitOptions& options, const FitResult& estimate,
                                                 std::size_t count) {
  BootstrapOptions how;
  how.refits = static_cast<int>(count);
  how.seed = options.seed;
  const Bootstrap refits = bootstrap(law, points, estimate, options, how);
  std::vector<std::vector<double>> draws;
  for (std::size_t k = 0; k < refits.refits(); ++k) {
    const auto first = refits.theta.begin() + static_cast<std::ptrdiff_t>(k * refits.parameters);
    draws.emplace_back(first, first + static_cast<std::ptrdiff_t>(refits.parameters));
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
