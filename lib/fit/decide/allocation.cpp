// Decisions over the split of compute between model and data. The optimum of each draw is looked for around
// that of the estimate, in ln N, by Brent's method (golden section with parabolas).
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fit/decide/decide.h"

namespace frugal::fit {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

struct Minimum1 {
  double at = 0, value = infinite;
};

template <class F>
Minimum1 brent(const F& f, double low, double high, double tolerance) {
  constexpr double golden = 0.3819660112501051;
  double x = low + golden * (high - low), w = x, v = x, fx = f(x), fw = fx, fv = fx, step = 0, before = 0;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    if (std::fabs(x - middle) <= 2 * tolerance - (high - low) / 2) break;
    bool parabola = false;
    if (std::fabs(before) > tolerance) {
      const double r = (x - w) * (fx - fv), q0 = (x - v) * (fx - fw);
      double p = (x - v) * q0 - (x - w) * r, q = 2 * (q0 - r);
      if (q > 0) p = -p;
      q = std::fabs(q);
      if (std::fabs(p) < std::fabs(q * before / 2) && p > q * (low - x) && p < q * (high - x)) {
        before = step;
        step = p / q;
        parabola = true;
      }
    }
    if (!parabola) {
      before = (x < middle ? high : low) - x;
      step = golden * before;
    }
    const double u = std::fabs(step) >= tolerance ? x + step : x + (step > 0 ? tolerance : -tolerance);
    const double fu = f(u);
    if (fu <= fx) {
      (u < x ? high : low) = x;
      v = w, fv = fw, w = x, fw = fx, x = u, fx = fu;
    } else {
      (u < x ? low : high) = u;
      if (fu <= fw || w == x) {
        v = w, fv = fw, w = u, fw = fu;
      } else if (fu <= fv || v == x || v == w) {
        v = u, fv = fu;
      }
    }
  }
  return {x, fx};
}

// Where sizes are looked for: far beyond the measured ones, for the optimum of a large budget lies there.
struct SizeRange {
  double low, high;
};
SizeRange size_range(const Surface& surface) {
  return {std::log(surface.smallest().size) - std::log(1e4),
          std::log(surface.largest().size) + std::log(1e8)};
}

void require_joint(const Surface& surface) {
  if (!surface.uses("size") || !surface.uses("data")) {
    throw base::UserError("",
                          "a split between model and data needs a law of both; this one ('" +
                              surface.law_name + "') knows only " + surface.variables().front(),
                          "fit runs of several sizes and several amounts of data");
  }
}

RunScale place(const Surface& surface, double size, double data) {
  RunScale scale = surface.largest();
  scale.size = size;
  scale.vary(variable::data, data);
  return scale;
}

Minimum1 best_size(const Surface& surface, const Cost& cost, double budget, int draw, double low, double high,
                   double tolerance) {
  const auto error = [&](double log_size) {
    const double size = std::exp(log_size), data = cost.data_for(budget, size);
    if (!(data > 0) || !std::isfinite(data)) return infinite;
    const double value = surface.error(place(surface, size, data), draw, false);
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
  const Minimum1 best = best_size(surface, cost, budget, Surface::estimate, range.low, range.high, 1e-7);
  out.interior = best.at > range.low + 0.01 && best.at < range.high - 0.01;
  const double size = std::exp(best.at), data = cost.data_for(budget, size);
  if (!std::isfinite(best.value)) {
    throw base::UserError("", "the budget is too small for any model that was looked at",
                          "give the budget in the units of the cost expression");
  }
  std::vector<double> sizes, amounts, errors;
  if (coverage > 0) {
    // A hundred draws place a quantile well enough; each is a search of its own.
    const int stride = std::max(1, surface.draws() / 100);
    for (int draw = 0; draw < surface.draws(); draw += stride) {
      const double low = std::max(range.low, best.at - 3.4), high = std::min(range.high, best.at + 3.4);
      const Minimum1 other = best_size(surface, cost, budget, draw, low, high, 1e-3);
      sizes.push_back(std::exp(other.at));
      amounts.push_back(cost.data_for(budget, sizes.back()));
      errors.push_back(surface.error(place(surface, size, data), draw, true));
    }
  }
  out.size = estimate_of(size, std::move(sizes), coverage);
  out.data = estimate_of(data, std::move(amounts), coverage);
  out.error = estimate_of(best.value, std::move(errors), coverage);
  return out;
}

BudgetForTarget budget_for_target(const Surface& surface, const Cost& cost, double target, double coverage) {
  require_joint(surface);
  BudgetForTarget out;
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
    const Minimum1 best =
        best_size(surface, cost, std::exp(at), Surface::estimate, range.low, range.high + 20, 1e-4);
    if (!std::isfinite(best.value)) continue;
    log_budget.push_back(at);
    frontier.push_back(place(surface, std::exp(best.at), cost.data_for(std::exp(at), std::exp(best.at))));
  }
  const auto budget_of = [&](int draw) {
    double before = infinite;
    for (std::size_t i = 0; i < frontier.size(); ++i) {
      const double here = std::log(surface.error(frontier[i], draw, draw != Surface::estimate) / target);
      if (here <= 0) {
        if (i == 0) return std::exp(log_budget[0]);
        const double t = before / (before - here);
        return std::exp(log_budget[i - 1] + t * (log_budget[i] - log_budget[i - 1]));
      }
      before = here;
    }
    return infinite;
  };
  std::vector<double> budgets, floors;
  int reached = 0;
  const RunScale end = place(surface, 1e60, 1e60);
  for (int draw = 0; draw < surface.draws(); ++draw) {
    budgets.push_back(budget_of(draw));
    reached += std::isfinite(budgets.back()) ? 1 : 0;
    floors.push_back(surface.error(end, draw, false));
  }
  const double value = budget_of(Surface::estimate);
  out.reachable = std::isfinite(value);
  out.probability = surface.draws() > 0 ? static_cast<double>(reached) / surface.draws()
                    : out.reachable     ? 1
                                        : 0;
  out.budget = estimate_of(value, std::move(budgets), coverage);
  out.floor = estimate_of(surface.error(end, Surface::estimate, false), std::move(floors), coverage);
  return out;
}

std::vector<IsoFlopPoint> isoflop_curve(const Surface& surface, const Cost& cost, double budget, int count,
                                        double coverage) {
  const Allocation best = optimal_allocation(surface, cost, budget, 0);
  std::vector<IsoFlopPoint> curve;
  for (int i = 0; i < count; ++i) {
    // A factor of ten to either side of the optimum.
    IsoFlopPoint point;
    point.size = best.size.value * std::pow(10.0, -1 + 2.0 * i / (count - 1));
    point.data = cost.data_for(budget, point.size);
    if (!std::isfinite(point.data)) continue;
    point.error = surface.predict(place(surface, point.size, point.data), coverage);
    curve.push_back(point);
  }
  return curve;
}

std::optional<Deployment> overtrain(const Surface& surface, const Cost& cost, const Expression& inference,
                                    double tokens, double target, double coverage) {
  require_joint(surface);
  Deployment out;
  out.target = target;
  out.tokens = tokens;
  const SizeRange range = size_range(surface);
  // The data that takes a model of this size to the target: falling in data, so a bracket in ln D closes on
  // it.
  const auto data_needed = [&](double size, int draw) {
    double low = std::log(surface.smallest().data) - 14, high = std::log(surface.largest().data) + 60;
    const auto missing = [&](double log_data) {
      return std::log(surface.error(place(surface, size, std::exp(log_data)), draw, false) / target);
    };
    if (!(missing(high) <= 0)) return infinite;
    double f_low = missing(low), f_high = missing(high);
    if (f_low <= 0) return std::exp(low);
    // Illinois: false position that halves the weight of an end that stays.
    for (int i = 0; i < 80 && high - low > 1e-9; ++i) {
      double middle = (low * f_high - high * f_low) / (f_high - f_low);
      if (!(middle > low && middle < high) || i % 4 == 3) middle = (low + high) / 2;
      const double f = missing(middle);
      if (f <= 0) {
        high = middle;
        f_high = f;
        f_low *= 0.5;
      } else {
        low = middle;
        f_low = f;
        f_high *= 0.5;
      }
      if (f == 0) break;
    }
    return std::exp(high);
  };
  const auto use = [&](double size) {
    return inference.value(std::vector<double>{size, size, size}, {}) * tokens;
  };
  const auto cheapest = [&](int draw, bool with_use, double low, double high, double tolerance) {
    const auto total = [&](double log_size) {
      const double size = std::exp(log_size), data = data_needed(size, draw);
      if (!std::isfinite(data)) return infinite;
      return std::log(cost(size, data) + (with_use ? use(size) : 0));
    };
    Minimum1 coarse;
    constexpr int looks = 40;
    for (int i = 0; i <= looks; ++i) {
      const double at = low + (high - low) * i / looks, value = total(at);
      if (value < coarse.value) coarse = {at, value};
    }
    if (!std::isfinite(coarse.value)) return coarse;
    const double width = (high - low) / looks;
    return brent(total, std::max(low, coarse.at - width), std::min(high, coarse.at + width), tolerance);
  };
  const Minimum1 best = cheapest(Surface::estimate, true, range.low, range.high, 1e-6);
  if (!std::isfinite(best.value)) return std::nullopt;
  const Minimum1 plain = cheapest(Surface::estimate, false, range.low, range.high, 1e-6);
  const double size = std::exp(best.at), data = data_needed(size, Surface::estimate);
  out.optimal_size = std::exp(plain.at);
  out.optimal_data = data_needed(out.optimal_size, Surface::estimate);
  out.optimal_lifetime_cost = cost(out.optimal_size, out.optimal_data) + use(out.optimal_size);
  std::vector<double> sizes, amounts, training, lifetime;
  const int stride = std::max(1, surface.draws() / 100);
  for (int draw = 0; draw < surface.draws(); draw += stride) {
    const Minimum1 other = cheapest(draw, true, best.at - 3, best.at + 3, 1e-3);
    if (!std::isfinite(other.value)) {
      for (auto* values : {&sizes, &amounts, &training, &lifetime}) values->push_back(infinite);
      continue;
    }
    sizes.push_back(std::exp(other.at));
    amounts.push_back(data_needed(sizes.back(), draw));
    training.push_back(cost(sizes.back(), amounts.back()));
    lifetime.push_back(std::exp(other.value));
  }
  out.size = estimate_of(size, std::move(sizes), coverage);
  out.data = estimate_of(data, std::move(amounts), coverage);
  out.training_cost = estimate_of(cost(size, data), std::move(training), coverage);
  out.lifetime_cost = estimate_of(std::exp(best.value), std::move(lifetime), coverage);
  return out;
}

}  // namespace frugal::fit
