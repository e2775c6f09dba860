#include "search/derive/front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace frugal::search {

std::vector<Choice> front(const BlockScores& scores, const BlockCosts& costs,
                          const std::vector<Limit>& limits, std::int64_t most) {
  std::vector<Choice> found;
  std::vector<Limit> all = limits;
  all.push_back({"front", costs, std::numeric_limits<double>::infinity()});
  const std::optional<Choice> best = best_within(scores, limits);
  if (!best) return found;
  found.push_back(*best);
  const double dearest = costs.total(*best);
  const double step = (dearest - costs.least()) / static_cast<double>(std::max<std::int64_t>(1, most - 1));
  // From the dearest down: the next one costs a step less than the last, and less at all.
  while (static_cast<std::int64_t>(found.size()) < most) {
    const double last = costs.total(found.back());
    all.back().at_most = std::min(last - step, std::nextafter(last, 0.0));
    std::optional<Choice> next = best_within(scores, all);
    // The cheapest of all stands at the end, however near it is.
    if (!next && last > costs.least()) {
      all.back().at_most = std::nextafter(last, 0.0);
      next = best_within(scores, all);
    }
    if (!next) break;
    found.push_back(*next);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace frugal::search
