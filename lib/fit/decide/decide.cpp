// Decisions along one variable: what a target needs, whether to go on, where two systems cross.
#include "fit/decide/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"

namespace frugal::fit {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double without_end = 1e60;  // far enough that any power of it has vanished or has decided

void check_known(const Surface& surface, const std::string& variable, const RunScale& at) {
  if (!surface.uses(variable)) {
    throw base::UserError(variable, fmt::format("is no variable of the law '{}'", surface.law_name),
                          base::suggest(variable, surface.variables()));
  }
  for (const std::string& other : surface.variables()) {
    if (other != variable && !(at.of(other) > 0)) {
      throw base::UserError("", fmt::format("the law '{}' needs a value for '{}'", surface.law_name, other),
                            fmt::format("for example --at {}=1e9", other));
    }
  }
}

// Where a falling f crosses the target between exp(low) and exp(high): bisection in logarithms, then secants.
double solve_falling(const std::function<double(double)>& f, double target, double low, double high) {
  if (f(std::exp(low)) <= target) return std::exp(low);
  if (!(f(std::exp(high)) <= target)) return infinite;
  for (int i = 0; i < 60 && high - low > 1e-10; ++i) {
    const double middle = (low + high) / 2;
    (f(std::exp(middle)) <= target ? high : low) = middle;
  }
  return std::exp((low + high) / 2);
}

}  // namespace

Reach scale_for_target(const Surface& surface, const std::string& variable, RunScale at, double target,
                       double coverage) {
  check_known(surface, variable, at);
  Reach reach;
  reach.variable = variable;
  reach.target = target;
  const double start = std::log(surface.smallest().of(variable)) - std::log(1e3);
  const auto needed = [&](int draw) {
    const auto error = [&](double x) {
      RunScale scale = at;
      scale.of(variable) = x;
      return surface.error(scale, draw, draw != Surface::estimate);
    };
    return solve_falling(error, target, start, std::log(without_end));
  };
  const auto floor = [&](int draw) {
    RunScale scale = at;
    scale.of(variable) = without_end;
    // The misfit grows without end with the distance; the floor is the law's own.
    return surface.error(scale, draw, false);
  };
  std::vector<double> amounts, floors;
  int reached = 0;
  for (int draw = 0; draw < surface.draws(); ++draw) {
    amounts.push_back(needed(draw));
    floors.push_back(floor(draw));
    reached += std::isfinite(amounts.back()) ? 1 : 0;
  }
  const double value = needed(Surface::estimate);
  reach.reachable = std::isfinite(value);
  reach.probability = surface.draws() > 0 ? static_cast<double>(reached) / surface.draws()
                      : reach.reachable   ? 1
                                          : 0;
  reach.needed = estimate_of(value, std::move(amounts), coverage);
  reach.floor = estimate_of(floor(Surface::estimate), std::move(floors), coverage);
  return reach;
}

double run_cost(const Surface& surface, const Cost* cost, const RunScale& scale) {
  if (surface.uses("size") && surface.uses("data") && cost != nullptr) return (*cost)(scale.size, scale.data);
  if (scale.compute > 0) return scale.compute;
  if (scale.size > 0 && scale.data > 0 && cost != nullptr) return (*cost)(scale.size, scale.data);
  return scale.of(surface.variables().front());
}

ComputeSpent compute_spent(const Surface& surface, const Cost* cost, const RunScale& scale) {
  ComputeSpent spent;
  for (std::size_t i = 0; i < surface.measured().count(); ++i) {
    const double one = run_cost(surface, cost, surface.measured().scale(i));
    spent.total += one;
    spent.largest = std::max(spent.largest, one);
  }
  spent.predicted = run_cost(surface, cost, scale);
  return spent;
}

GoingOn worth_going_on(const Surface& surface, const Cost* cost, double factor, double required,
                       double coverage) {
  GoingOn on;
  on.factor = factor;
  on.required = required;
  const Runs& runs = surface.measured();
  FRUGAL_ASSERT(runs.count() > 0, "a surface without runs");
  // "Now" is the largest run that was paid for, at the error that the law gives it: one run's luck is noise.
  RunScale now = runs.scale(0);
  for (std::size_t i = 0; i < runs.count(); ++i) {
    const double here = run_cost(surface, cost, runs.scale(i));
    if (here > on.cost_now) {
      on.cost_now = here;
      now = runs.scale(i);
    }
  }
  on.next = now;
  const bool joint = surface.uses("size") && surface.uses("data") && cost != nullptr;
  if (joint) {
    const Allocation best = optimal_allocation(surface, *cost, on.cost_now * factor, coverage);
    on.next.size = best.size.value;
    on.next.data = best.data.value;
    if (on.next.unique_data > 0) on.next.unique_data = std::min(on.next.unique_data, on.next.data);
  } else {
    on.next.of(surface.variables().front()) *= factor;
  }
  const double error_now = surface.error(now, Surface::estimate, false);
  on.error_now = error_now;
  on.error_next = surface.predict(on.next, coverage);
  std::vector<double> gains;
  int enough = 0;
  for (int draw = 0; draw < surface.draws(); ++draw) {
    const double before = surface.error(now, draw, false);
    gains.push_back((before - surface.error(on.next, draw, true)) / before);
    enough += gains.back() >= required ? 1 : 0;
  }
  const double gain = (error_now - on.error_next.value) / error_now;
  on.probability = gains.empty() ? (gain >= required ? 1 : 0) : static_cast<double>(enough) / surface.draws();
  on.improvement = estimate_of(gain, std::move(gains), coverage);
  return on;
}

Crossing find_crossing(const Surface& a, const Surface& b, const Cost& cost, const std::string& variable,
                       RunScale at, double low, double high, double coverage) {
  Crossing out;
  out.variable = variable;
  out.low = low;
  out.high = high;
  const bool budget = variable == "budget";
  if (!budget) {
    check_known(a, variable, at);
    check_known(b, variable, at);
  }
  const int pairs = std::min(a.draws(), b.draws());
  // ln error of A minus that of B at steps of ln x; frontiers are followed with the allocation of the
  // estimate.
  constexpr int steps = 64;
  std::vector<double> x(steps + 1);
  std::vector<RunScale> at_a(steps + 1, at), at_b(steps + 1, at);
  for (int i = 0; i <= steps; ++i) {
    const auto k = static_cast<std::size_t>(i);
    x[k] = low * std::pow(high / low, static_cast<double>(i) / steps);
    if (budget) {
      const auto place = [&](const Surface& s, RunScale& scale) {
        if (s.uses("size") && s.uses("data")) {
          const Allocation best = optimal_allocation(s, cost, x[k], 0);
          scale.size = best.size.value;
          scale.data = best.data.value;
        } else {
          scale.of(s.variables().front()) = x[k];
        }
      };
      place(a, at_a[k]);
      place(b, at_b[k]);
    } else {
      at_a[k].of(variable) = at_b[k].of(variable) = x[k];
    }
  }
  const auto gap = [&](std::size_t k, int draw) {
    const bool misfit = draw != Surface::estimate;
    return std::log(a.error(at_a[k], draw, misfit)) - std::log(b.error(at_b[k], draw, misfit));
  };
  // The last change of sign: what holds at large scale is what is asked.
  const auto crossing = [&](int draw) {
    double last = std::numeric_limits<double>::quiet_NaN(), before = gap(0, draw);
    for (std::size_t k = 1; k <= steps; ++k) {
      const double here = gap(k, draw);
      if ((before < 0) != (here < 0)) {
        const double t = before / (before - here);
        last = x[k - 1] * std::pow(x[k] / x[k - 1], t);
      }
      before = here;
    }
    return last;
  };
  const double value = crossing(Surface::estimate);
  out.crosses = std::isfinite(value);
  std::vector<double> places;
  int below = 0, above = 0;
  for (int draw = 0; draw < pairs; ++draw) {
    if (const double place = crossing(draw); std::isfinite(place)) places.push_back(place);
    below += gap(0, draw) < 0 ? 1 : 0;
    above += gap(steps, draw) < 0 ? 1 : 0;
  }
  const double count = std::max(1, pairs);
  out.probability = pairs > 0 ? static_cast<double>(places.size()) / count : out.crosses ? 1 : 0;
  out.first_better_below = pairs > 0 ? below / count : gap(0, Surface::estimate) < 0;
  out.first_better_above = pairs > 0 ? above / count : gap(steps, Surface::estimate) < 0;
  if (out.crosses) {
    out.at = estimate_of(value, std::move(places), coverage);
  } else if (!places.empty()) {
    std::sort(places.begin(), places.end());
    out.at = estimate_of(places[places.size() / 2], places, coverage);
  }
  return out;
}

}  // namespace frugal::fit
