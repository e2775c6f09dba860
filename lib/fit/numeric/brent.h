// The minimum of a function of one variable between two ends, without derivatives: golden section with
// parabolas where they help (Brent 1973, "Algorithms for Minimization without Derivatives", chapter 5).
#pragma once

#include <cmath>
#include <limits>

namespace frugal::fit {

struct MinimumAlong {
  double at = 0, value = std::numeric_limits<double>::infinity();
};

// f may be infinite. tolerance: of the place.
template <class F>
MinimumAlong brent(const F& f, double low, double high, double tolerance) {
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

}  // namespace frugal::fit
