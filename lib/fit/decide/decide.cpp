#include "fit/decide/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "fit/decide/allocation.h"

namespace frugal::fit {

SizeRange size_range(const Surface& surface) {
  return {std::log(surface.smallest().size) - std::log(1e4),
          std::log(surface.largest().size) + std::log(1e8)};
}

void require_joint(const Surface& surface) {
  if (!surface.is_joint()) {
    throw base::UserError("",
                          "a split between model and data needs a law of both; this one ('" +
                              surface.law_name + "') knows only " + surface.variables().front(),
                          "fit runs of several sizes and several amounts of data");
  }
}

RunScale split_scale(const Surface& surface, double size, double data) {
  RunScale scale = surface.largest();
  scale.size = size;
  scale.set_new_data(data);
  return scale;
}

int draw_stride(const Surface& surface) { return std::max(1, surface.draws() / 100); }

Reach reach_of(const Surface& surface, const std::function<double(int)>& needed,
               const std::function<double(int)>& floor, double coverage) {
  Reach reach;
  int reached = 0;
  const auto counted = [&](int draw) {
    const double amount = needed(draw);
    if (draw == Surface::estimate) {
      reach.reachable = std::isfinite(amount);
    } else {
      reached += std::isfinite(amount) ? 1 : 0;
    }
    return amount;
  };
  reach.needed = over_draws(surface, counted, coverage);
  reach.floor = over_draws(surface, floor, coverage);
  reach.probability = share_of_draws(surface, reached, reach.reachable);
  return reach;
}

double share_of_draws(const Surface& surface, int count, bool of_estimate) {
  if (surface.draws() == 0) return of_estimate ? 1 : 0;
  return static_cast<double>(count) / surface.draws();
}

namespace {

constexpr double without_end = 1e60;  // far enough that any power of it has vanished or has decided

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

Reach scale_for_target(const Surface& surface, const std::string& variable, RunScale at, double target,
                       double coverage) {
  check_known(surface, variable, at);
  const double start = std::log(surface.smallest().of(variable)) - std::log(1e3);
  const auto needed = [&](int draw) {
    const auto error = [&](double x) {
      RunScale scale = at;
      scale.of(variable) = x;
      return surface.error(scale, draw, true);
    };
    return solve_falling(error, target, start, std::log(without_end));
  };
  const auto floor = [&](int draw) {
    RunScale scale = at;
    scale.of(variable) = without_end;
    // A draw's misfit grows without end with the distance; its floor is the law's own.
    return surface.error(scale, draw, draw == Surface::estimate);
  };
  return reach_of(surface, needed, floor, coverage);
}

double run_cost(const Surface& surface, const Cost* cost, const RunScale& scale) {
  if (surface.is_joint() && cost != nullptr) return (*cost)(scale.size, scale.data);
  if (scale.compute > 0) return scale.compute;
  if (scale.size > 0 && scale.data > 0 && cost != nullptr) return (*cost)(scale.size, scale.data);
  return scale.of(surface.variables().front());
}

ComputeSpent compute_spent(const Surface& surface, const Cost* cost) {
  ComputeSpent spent;
  for (std::size_t i = 0; i < surface.measured().count(); ++i) {
    const double one = run_cost(surface, cost, surface.measured().scale(i));
    spent.total += one;
    spent.largest = std::max(spent.largest, one);
  }
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
  const bool joint = surface.is_joint() && cost != nullptr;
  if (joint) {
    const Allocation best = optimal_allocation(surface, *cost, on.cost_now * factor, coverage);
    on.next.size = best.size.value;
    on.next.data = best.data.value;
    if (on.next.unique_data > 0) on.next.unique_data = std::min(on.next.unique_data, on.next.data);
  } else {
    on.next.of(surface.variables().front()) *= factor;
  }
  const double error_now = surface.error(now, Surface::estimate, true);
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
  on.probability = share_of_draws(surface, enough, gain >= required);
  on.improvement = estimate_of(gain, std::move(gains), coverage);
  return on;
}

}  // namespace frugal::fit
