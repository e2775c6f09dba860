#include "fit/decide/allocation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fit/numeric/brent.h"

namespace frugal::fit {
namespace {

MinimumAlong best_size(const Surface& surface, const Cost& cost, double budget, int draw, double low,
                       double high, double tolerance) {
  const auto error = [&](double log_size) {
    const double size = std::exp(log_size), data = cost.data_for(budget, size);
    if (!(data > 0) || !std::isfinite(data)) return infinite;
    const double value = surface.error(split_scale(surface, size, data), draw, false);
    return std::isfinite(value) ? value : infinite;
  };
  // A coarse look first: infinite stretches (sizes that the budget cannot pay at all) have no slope.
  constexpr int looks = 24;
  int best = 0;
  double least = infinite;
  if (high - low > 7) {
    for (int i = 0; i <= looks; ++i) {
      const double value = error(low + (high - low) * i / looks);
      if (value < least) {
        least = value;
        best = i;
      }
    }
    const double width = (high - low) / looks, middle = low + width * best;
    low = std::max(low, middle - width);
    high = std::min(high, middle + width);
  }
  return brent(error, low, high, tolerance);
}

}  // namespace

Allocation optimal_allocation(const Surface& surface, const Cost& cost, double budget, double coverage) {
  require_joint(surface);
  Allocation out;
  out.budget = budget;
  const SizeRange range = size_range(surface);
  const MinimumAlong best = best_size(surface, cost, budget, Surface::estimate, range.low, range.high, 1e-7);
  out.interior = best.at > range.low + 0.01 && best.at < range.high - 0.01;
  const double size = std::exp(best.at), data = cost.data_for(budget, size);
  if (!std::isfinite(best.value)) {
    throw base::UserError("", "the budget is too small for any model that was looked at",
                          "give the budget in the units of the cost expression");
  }
  std::vector<double> sizes, amounts;
  if (coverage > 0) {
    for (int draw = 0; draw < surface.draws(); draw += draw_stride(surface)) {
      const double low = std::max(range.low, best.at - 3.4), high = std::min(range.high, best.at + 3.4);
      const MinimumAlong other = best_size(surface, cost, budget, draw, low, high, 1e-3);
      sizes.push_back(std::exp(other.at));
      amounts.push_back(cost.data_for(budget, sizes.back()));
    }
  }
  out.size = estimate_of(size, std::move(sizes), coverage);
  out.data = estimate_of(data, std::move(amounts), coverage);
  // As predict says it of that scale.
  const RunScale scale = split_scale(surface, size, data);
  out.error.value = surface.error(scale, Surface::estimate, true);
  if (coverage > 0) out.error = surface.predict(scale, coverage);
  return out;
}

Reach budget_for_target(const Surface& surface, const Cost& cost, double target, double coverage) {
  require_joint(surface);
  const SizeRange range = size_range(surface);
  const RunScale least = surface.smallest(), most = surface.largest();
  const double low0 = std::log(cost(least.size, least.data)) - 7,
               high0 = std::log(cost(most.size, most.data)) + 40;
  // Along the estimate's frontier each draw has an error; where it meets the target is that draw's budget.
  std::vector<double> log_budget;
  std::vector<RunScale> frontier;
  constexpr int steps = 48;
  for (int i = 0; i <= steps; ++i) {
    const double at = low0 + (high0 - low0) * i / steps;
    const MinimumAlong best =
        best_size(surface, cost, std::exp(at), Surface::estimate, range.low, range.high + 20, 1e-4);
    if (!std::isfinite(best.value)) continue;
    log_budget.push_back(at);
    frontier.push_back(
        split_scale(surface, std::exp(best.at), cost.data_for(std::exp(at), std::exp(best.at))));
  }
  const auto budget_of = [&](int draw) {
    double before = infinite;
    for (std::size_t i = 0; i < frontier.size(); ++i) {
      const double here = std::log(surface.error(frontier[i], draw, true) / target);
      if (here <= 0) {
        if (i == 0) return std::exp(log_budget[0]);
        const double t = before / (before - here);
        return std::exp(log_budget[i - 1] + t * (log_budget[i] - log_budget[i - 1]));
      }
      before = here;
    }
    return infinite;
  };
  const RunScale end = split_scale(surface, 1e60, 1e60);
  const auto floor = [&](int draw) { return surface.error(end, draw, false); };
  return reach_of(surface, budget_of, floor, coverage);
}

std::vector<IsoFlopPoint> isoflop_curve(const Surface& surface, const Cost& cost, double budget, int count,
                                        double coverage) {
  const Allocation best = optimal_allocation(surface, cost, budget, 0);
  // The law's curve, as far above or below as the runs are at its optimum.
  const double at_best =
      best.error.value /
      surface.error(split_scale(surface, best.size.value, best.data.value), Surface::estimate, false);
  std::vector<IsoFlopPoint> curve;
  for (int i = 0; i < count; ++i) {
    // A factor of ten to either side of the optimum.
    IsoFlopPoint point;
    point.size = best.size.value * std::pow(10.0, -1 + 2.0 * i / (count - 1));
    point.data = cost.data_for(budget, point.size);
    if (!std::isfinite(point.data)) continue;
    const RunScale scale = split_scale(surface, point.size, point.data);
    point.error = surface.predict(scale, coverage);
    const double by_law = at_best * surface.error(scale, Surface::estimate, false) / point.error.value;
    for (double* end : {&point.error.value, &point.error.low, &point.error.high}) *end *= by_law;
    curve.push_back(point);
  }
  return curve;
}

}  // namespace frugal::fit
