// M4: (y − ε∞) / (ε₀ − y)^α = β x^c, Alabdulmohsin, Neyshabur, Zhai 2022. From the level before learning, ε₀,
// through a power law, to a floor ε∞. With u = (y − ε∞)/(ε₀ − ε∞) it reads ln u − α ln(1 − u) = z, z linear
// in ln x: monotone in logit u, so a few Newton steps solve it, and its derivatives follow from the implicit
// function.
#include <algorithm>
#include <cmath>

#include "fit/curve/curve_laws.h"

namespace frugal::fit {
namespace {

double solve_logit(double z, double alpha) {  // s with −softplus(−s) + α softplus(s) = z
  double s = z > 0 ? z / std::max(alpha, 0.05) : z;
  for (int step = 0; step < 60; ++step) {
    const double u = sigmoid(s);
    const double change = (-softplus(-s) + alpha * softplus(s) - z) / ((1 - u) + alpha * u);
    s -= std::clamp(change, -5.0, 5.0);
    if (std::abs(change) < 1e-10) break;
  }
  return s;
}

double log_fraction(double z, double alpha) { return -softplus(-solve_logit(z, alpha)); }

template <std::size_t N>
Dual<N> log_fraction(const Dual<N>& z, const Dual<N>& alpha) {
  const double s = solve_logit(z.value, alpha.value), u = sigmoid(s);
  const double inverse = (1 - u) / ((1 - u) + alpha.value * u);  // d ln u = (1 − u) ds
  Dual<N> result(-softplus(-s));
  for (std::size_t k = 0; k < N; ++k) result.slope[k] = inverse * (z.slope[k] - softplus(s) * alpha.slope[k]);
  return result;
}

struct M4 {  // z at the edge, ln(−c), ln α, ln ε₀, logit of ε∞/ε₀
  static constexpr std::size_t size = 5, prior_count = 4;
  template <class T>
  struct Prepared {
    T edge, rate, alpha, chance, share;
  };
  template <class T>
  static Prepared<T> prepare(const std::array<T, 5>& p) {
    return {p[0], exponential(p[1]), exponential(p[2]), p[3], sigmoid(p[4])};
  }
  template <class T>
  static T log_y(const Prepared<T>& p, double t) {
    const T fraction = exponential(log_fraction(p.edge - p.rate * T(t), p.alpha));
    return p.chance + logarithm(p.share + (T(1) - p.share) * fraction);
  }
  template <class T>
  static std::array<T, 4> prior(const std::array<T, 5>& p, const CurveShape& shape) {
    // The floor as a share of the last value, not of ε₀.
    const T share = sigmoid(p[4]) * exponential(p[3] - T(shape.last));
    const T logit = value_of(share) < 1 - 1e-9 ? logarithm(share) - logarithm(T(1) - share) : T(20.0);
    return {exponent_prior(p[1]), p[2] * T(1 / 0.7), chance_prior(p[3], shape), floor_prior(logit)};
  }
  static std::vector<Theta> starts(const CurveShape& shape) {
    const double slope = std::max(-shape.tail_slope, 0.02);
    std::vector<Theta> result;
    for (const double above : {0.02, 0.7})
      for (const double floor : {0.03, 0.5}) {
        const double chance = shape.highest + above, level = std::min(std::exp(shape.last - chance), 0.99);
        const double share = floor * level, u = (level - share) / (1 - share);
        result.push_back({std::log(u / (1 - u)), std::log(std::min(slope / (1 - u) / (1 - floor), 3.0)), 0.0,
                          chance, std::log(share / (1 - share))});
      }
    return result;
  }
  static std::vector<double> published(const Theta& p, double x_edge) {
    // (y − ε∞)/(ε₀ − y)^α = (ε₀ − ε∞)^(1 − α) u/(1 − u)^α
    const double alpha = std::exp(p[2]), top = std::exp(p[3]), floor = top * sigmoid(p[4]),
                 c = -std::exp(p[1]);
    return {floor, top, alpha, std::pow(top - floor, 1 - alpha) * std::exp(p[0] - c * std::log(x_edge)), c};
  }
};

}  // namespace

const CurveLaw law_m4 =
    curve_law<M4>("m4", "(y - eps_inf) / (eps_0 - y)^alpha = beta x^c", "eps_inf,eps_0,alpha,beta,c");

}  // namespace frugal::fit
