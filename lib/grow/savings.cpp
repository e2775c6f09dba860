#include "grow/savings.h"

#include <algorithm>
#include <cmath>

namespace frugal::grow {

std::optional<double> compute_to(const Curve& curve, double loss) {
  for (std::size_t i = 0; i < curve.loss.size(); ++i) {
    if (curve.loss[i] > loss) continue;
    if (i == 0) return curve.compute[0];
    const double share = (curve.loss[i - 1] - loss) / (curve.loss[i - 1] - curve.loss[i]);
    return curve.compute[i - 1] + share * (curve.compute[i] - curve.compute[i - 1]);
  }
  return std::nullopt;
}

Mean mean_of(const std::vector<double>& values) {
  // Two-sided 95 % points of Student's t by degrees of freedom.
  constexpr double quantiles[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};
  Mean result;
  result.count = static_cast<int>(values.size());
  if (values.empty()) return result;
  for (const double value : values) result.mean += value / static_cast<double>(values.size());
  double square = 0;
  for (const double value : values) square += (value - result.mean) * (value - result.mean);
  double half = 0;
  if (values.size() > 1) {
    const std::size_t freedom = values.size() - 1;
    const double t = freedom <= std::size(quantiles) ? quantiles[freedom - 1] : 1.96;
    half = t * std::sqrt(square / static_cast<double>(freedom) / static_cast<double>(values.size()));
  }
  result.low = result.mean - half;
  result.high = result.mean + half;
  return result;
}

}  // namespace frugal::grow
