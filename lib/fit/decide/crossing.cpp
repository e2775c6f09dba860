#include "fit/decide/crossing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fit/decide/allocation.h"
#include "fit/decide/decide.h"

namespace frugal::fit {
namespace {

constexpr std::size_t steps = 64;

// One system at a budget: where its estimate's frontier is.
RunScale on_frontier(const Surface& surface, const Cost& cost, RunScale at, double budget) {
  if (surface.is_joint()) {
    const Allocation best = optimal_allocation(surface, cost, budget, 0);
    at.size = best.size.value;
    at.data = best.data.value;
  } else {
    at.of(surface.variables().front()) = budget;
  }
  return at;
}

// ln error of A minus that of B at steps of ln x.
class Gap {
 public:
  Gap(const Surface& a, const Surface& b, const Cost& cost, const std::string& variable, const RunScale& at,
      double low, double high)
      : a_(a), b_(b) {
    for (std::size_t k = 0; k <= steps; ++k) {
      const double x = low * std::pow(high / low, static_cast<double>(k) / static_cast<double>(steps));
      x_.push_back(x);
      if (variable == "budget") {
        at_a_.push_back(on_frontier(a, cost, at, x));
        at_b_.push_back(on_frontier(b, cost, at, x));
      } else {
        RunScale here = at;
        here.of(variable) = x;
        at_a_.push_back(here);
        at_b_.push_back(here);
      }
    }
  }

  double operator()(std::size_t k, int draw) const {
    return std::log(a_.error(at_a_[k], draw, true)) - std::log(b_.error(at_b_[k], draw, true));
  }

  // The last change of sign: what holds at large scale is what is asked. NaN: there is none.
  double crossing(int draw) const {
    double last = std::numeric_limits<double>::quiet_NaN(), before = (*this)(0, draw);
    for (std::size_t k = 1; k <= steps; ++k) {
      const double here = (*this)(k, draw);
      if ((before < 0) != (here < 0)) {
        const double t = before / (before - here);
        last = x_[k - 1] * std::pow(x_[k] / x_[k - 1], t);
      }
      before = here;
    }
    return last;
  }

 private:
  const Surface &a_, &b_;
  std::vector<double> x_;
  std::vector<RunScale> at_a_, at_b_;
};

}  // namespace

Crossing find_crossing(const Surface& a, const Surface& b, const Cost& cost, const std::string& variable,
                       RunScale at, double low, double high, double coverage) {
  if (variable != "budget") {
    check_known(a, variable, at);
    check_known(b, variable, at);
  }
  Crossing out;
  out.variable = variable;
  out.low = low;
  out.high = high;
  const Gap gap(a, b, cost, variable, at, low, high);
  const double value = gap.crossing(Surface::estimate);
  out.crosses = std::isfinite(value);
  const int pairs = std::min(a.draws(), b.draws());
  std::vector<double> places;
  int below = 0, above = 0;
  for (int draw = 0; draw < pairs; ++draw) {
    if (const double place = gap.crossing(draw); std::isfinite(place)) places.push_back(place);
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
