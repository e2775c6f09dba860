#include "fit/command/far_below.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/law/fit.h"
#include "fit/numeric/statistics.h"

namespace frugal::fit {

std::vector<std::size_t> far_below(const Runs& runs) {
  constexpr std::size_t least_runs = 12;
  constexpr double least_gap = 0.03, deviations = 8;
  if (runs.count() < least_runs) return {};
  FitOptions options;
  options.scan_points = 100;
  options.starts = 3;
  options.restarts = options.min_agreeing = options.max_restarts = 0;
  std::vector<double> away;
  try {
    const FitResult result = fit(*find_law("chinchilla"), with_effective_data(runs), options);
    for (std::size_t i = 0; i < runs.count(); ++i) away.push_back(std::log(runs.y[i] / result.predicted[i]));
  } catch (const base::UserError&) {
    return {};  // too few scales for this law: nothing to say
  }
  std::vector<double> sizes;
  for (const double one : away) sizes.push_back(std::fabs(one));
  std::sort(sizes.begin(), sizes.end());
  const double gap = std::max(least_gap, deviations * 1.4826 * sorted_quantile(sizes, 0.5));
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < away.size(); ++i)
    if (away[i] < -gap) found.push_back(i);
  return 10 * found.size() <= runs.count() ? found : std::vector<std::size_t>();
}

}  // namespace frugal::fit
