#include "fit/numeric/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace frugal::fit {

double normal_quantile(double probability) {
  FRUGAL_ASSERT(probability > 0 && probability < 1, "a probability inside (0, 1)");
  double low = -40, high = 40;
  for (int i = 0; i < 200 && high - low > 1e-15 * std::max(1.0, std::fabs(low)); ++i) {
    const double middle = 0.5 * (low + high);
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < probability ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double sorted_quantile(const std::vector<double>& sorted, double share) {
  FRUGAL_ASSERT(!sorted.empty(), "a quantile of something");
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double t = at - static_cast<double>(below);
  // Between two infinite values there is nothing to interpolate.
  if (t == 0 || sorted[below] == sorted[above]) return sorted[below];
  return sorted[below] + t * (sorted[above] - sorted[below]);
}

Estimate estimate_of(double value, std::vector<double> draws, double coverage) {
  if (draws.empty()) return {value, value, value};
  std::sort(draws.begin(), draws.end());
  // Draws that are centred elsewhere (a bounded parameter) still leave the value inside its interval.
  return {value, std::min(value, sorted_quantile(draws, (1 - coverage) / 2)),
          std::max(value, sorted_quantile(draws, (1 + coverage) / 2))};
}

double matern(double distance) {
  const double r = std::sqrt(3.0) * distance;
  return (1 + r) * std::exp(-r);
}

std::vector<double> normal_scores(std::size_t count, std::uint64_t seed) {
  std::vector<double> scores;
  for (const std::size_t place : base::Random(seed, "fit/normal_scores").permutation(count)) {
    scores.push_back(normal_quantile((static_cast<double>(place) + 0.5) / static_cast<double>(count)));
  }
  return scores;
}

}  // namespace frugal::fit
