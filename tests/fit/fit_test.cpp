#include "fit/fit.h"

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "support/test.h"

using namespace frugal;
using fit::Points;

namespace {

Points grid(double noise, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<double> size, data, y;
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j) {
      size.push_back(1e7 * std::pow(2.0, i));
      data.push_back(2e8 * std::pow(2.0, j));
      y.push_back((1.7 + 406 * std::pow(size.back(), -0.34) + 410 * std::pow(data.back(), -0.28)) *
                  std::exp(noise * random.normal()));
    }
  Points points;
  points.set_column("size", size);
  points.set_column("data", data);
  points.y = y;
  return points;
}

}  // namespace

TEST_CASE("a surface without noise is recovered", "[fit]") {
  const auto law = fit::find_law("chinchilla");
  for (const auto& objective :
       {fit::Objective::huber(), fit::Objective::log_squared(), fit::Objective::relative_squared()}) {
    fit::FitOptions options;
    options.objective = objective;
    const auto result = fit::fit(*law, grid(0, 1), options);
    const double truth[] = {1.7, 406, 410, 0.34, 0.28};
    for (int p = 0; p < 5; ++p) CHECK(std::fabs(result.theta[p] / truth[p] - 1) < 1e-8);
    CHECK(result.certificate.converged);
  }
}

TEST_CASE("every seed reaches the same minimum of noisy runs", "[fit]") {
  const auto law = fit::find_law("chinchilla");
  const Points points = grid(0.02, 7);
  fit::FitOptions options;
  const auto first = fit::fit(*law, points, options);
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    options.seed = seed;
    const auto other = fit::fit(*law, points, options);
    CHECK(std::fabs(other.objective / first.objective - 1) < 1e-6);
    for (int p = 0; p < 5; ++p) CHECK(std::fabs(other.theta[p] / first.theta[p] - 1) < 1e-6);
  }
}
