// Power laws of one variable: alone, with a floor, levelling off to both sides.
#include <algorithm>
#include <cmath>

#include "fit/curve/curve_law.h"

namespace frugal::fit {
namespace {

// M1: y = β x^c. The power law alone.
struct M1 {  // level at the edge, slope
  static constexpr std::size_t size = 2, prior_count = 0;
  template <class T>
  static auto log_y(const std::array<T, 2>& p) {
    return [=](double t) { return p[0] + p[1] * T(t); };
  }
  template <class T>
  static std::array<T, 0> prior(const std::array<T, 2>&, const CurveShape&) {
    return {};
  }
  static std::vector<Theta> starts(const CurveShape& shape) { return {{shape.last, shape.tail_slope}}; }
  static std::vector<double> published(const Theta& p, double x_edge) {
    return {std::exp(p[0] - p[1] * std::log(x_edge)), p[1]};
  }
};

// M2: y = ε∞ + β x^c. A power law with a floor.
struct M2 {  // level at the edge, ln(−c), logit of the floor's share of that level
  static constexpr std::size_t size = 3, prior_count = 2;
  template <class T>
  static auto log_y(const std::array<T, 3>& p) {
    const T rate = exponential(p[1]), share = sigmoid(p[2]);
    return [=](double t) { return p[0] + logarithm(share + (T(1) - share) * exponential(rate * T(-t))); };
  }
  template <class T>
  static std::array<T, 2> prior(const std::array<T, 3>& p, const CurveShape&) {
    return {exponent_prior(p[1]), floor_prior(p[2])};
  }
  static std::vector<Theta> starts(const CurveShape& shape) {
    const double slope = std::max(-shape.tail_slope, 0.02);
    std::vector<Theta> result;
    for (const double share : {0.05, 0.4, 0.8})
      result.push_back({shape.last, std::log(slope / (1 - share)), std::log(share / (1 - share))});
    return result;
  }
  static std::vector<double> published(const Theta& p, double x_edge) {
    const double share = sigmoid(p[2]), c = -std::exp(p[1]), level = std::exp(p[0]);
    return {level * share, level * (1 - share) * std::pow(x_edge, -c), c};
  }
};

// M3: y = β (1/x + γ)^c. A power law that levels off where x reaches 1/γ.
struct M3 {  // level at the edge, ln c, ln(γ x_edge)
  static constexpr std::size_t size = 3, prior_count = 2;
  template <class T>
  static auto log_y(const std::array<T, 3>& p) {
    const T rate = exponential(p[1]), gamma = exponential(p[2]), at_edge = softplus(p[2]);
    return [=](double t) { return p[0] + rate * (logarithm(T(std::exp(-t)) + gamma) - at_edge); };
  }
  template <class T>
  static std::array<T, 2> prior(const std::array<T, 3>& p, const CurveShape&) {
    return {p[1] - T(std::log(0.4)), (p[2] + T(2)) * T(0.4)};
  }
  static std::vector<Theta> starts(const CurveShape& shape) {
    const double slope = std::max(-shape.tail_slope, 0.02);
    std::vector<Theta> result;
    for (const double gamma : {0.02, 0.3, 2.0})
      result.push_back({shape.last, std::log(slope * (1 + gamma)), std::log(gamma)});
    return result;
  }
  static std::vector<double> published(const Theta& p, double x_edge) {
    const double c = std::exp(p[1]);
    return {std::exp(p[0] - c * (softplus(p[2]) - std::log(x_edge))), std::exp(p[2]) / x_edge, c};
  }
};

// M4: (y − ε∞) / (ε₀ − y)^α = β x^c, Alabdulmohsin, Neyshabur, Zhai 2022. From the level before learning, ε₀,
// through a power law, to a floor ε∞. With u = (y − ε∞)/(ε₀ − ε∞) it reads ln u − α ln(1 − u) = z, z linear
// in ln x: monotone in logit u, so a few Newton steps solve it, and its derivatives follow from the implicit
// function.
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
  static auto log_y(const std::array<T, 5>& p) {
    const T rate = exponential(p[1]), alpha = exponential(p[2]), share = sigmoid(p[4]);
    return [=](double t) {
      const T fraction = exponential(log_fraction(p[0] - rate * T(t), alpha));
      return p[3] + logarithm(share + (T(1) - share) * fraction);
    };
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

// Rosenfeld et al. 2020 with the data alone varying: ε̃ = a n^-α + c∞ and y = ε₀ ε̃ / √(ε̃² + η²). (a, c∞, η)
// share a scale, so η = 1.
struct Rosenfeld {  // ln ε₀, ln of a n^-α at the edge, ln α, ln c∞
  static constexpr std::size_t size = 4, prior_count = 3;
  template <class T>
  static auto log_y(const std::array<T, 4>& p) {
    const T rate = exponential(p[2]), floor = exponential(p[3]);
    return [=](double t) {
      const T log_v = logarithm(exponential(p[1] - rate * T(t)) + floor);
      return p[0] - T(0.5) * softplus(T(-2) * log_v);  // v/√(1 + v²) = (1 + v^-2)^(-1/2)
    };
  }
  template <class T>
  static std::array<T, 3> prior(const std::array<T, 4>& p, const CurveShape& shape) {
    return {exponent_prior(p[2]), chance_prior(p[0], shape), floor_prior(p[3] - p[1])};
  }
  static std::vector<Theta> starts(const CurveShape& shape) {
    const double slope = std::max(-shape.tail_slope, 0.02);
    std::vector<Theta> result;
    for (const double above : {0.02, 0.7})
      for (const double floor : {0.05, 0.5}) {
        const double chance = shape.highest + above, u = std::min(std::exp(shape.last - chance), 0.99);
        const double v = u / std::sqrt(1 - u * u);
        result.push_back({chance, std::log(v * (1 - floor)),
                          std::log(std::min(3.0, slope * (1 + v * v) / (1 - floor))), std::log(v * floor)});
      }
    return result;
  }
  static std::vector<double> published(const Theta& p, double x_edge) {
    const double alpha = std::exp(p[2]);
    return {std::exp(p[0]), std::exp(p[1] + alpha * std::log(x_edge)), alpha, std::exp(p[3]), 1.0};
  }
};

}  // namespace

const CurveLaw law_m1 = curve_law<M1>("m1", "y = beta x^c", "beta,c");
const CurveLaw law_m2 = curve_law<M2>("m2", "y = eps_inf + beta x^c", "eps_inf,beta,c");
const CurveLaw law_m3 = curve_law<M3>("m3", "y = beta (1/x + gamma)^c", "beta,gamma,c");
const CurveLaw law_m4 =
    curve_law<M4>("m4", "(y - eps_inf) / (eps_0 - y)^alpha = beta x^c", "eps_inf,eps_0,alpha,beta,c");
const CurveLaw law_rosenfeld_1d = curve_law<Rosenfeld>(
    "rosenfeld_1d", "y = eps_0 e / sqrt(e^2 + eta^2), e = a n^-alpha + c_inf", "eps_0,a,alpha,c_inf,eta");

}  // namespace frugal::fit
