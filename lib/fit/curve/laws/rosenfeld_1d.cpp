// Rosenfeld et al. 2020 with the data alone varying: ε̃ = a n^-α + c∞ and y = ε₀ ε̃ / √(ε̃² + η²). (a, c∞, η)
// share a scale, so η = 1.
#include <algorithm>
#include <cmath>

#include "fit/curve/curve_laws.h"

namespace frugal::fit {
namespace {

struct Rosenfeld {  // ln ε₀, ln of a n^-α at the edge, ln α, ln c∞
  static constexpr std::size_t size = 4, prior_count = 3;
  template <class T>
  struct Prepared {
    T chance, edge, rate, floor;
  };
  template <class T>
  static Prepared<T> prepare(const std::array<T, 4>& p) {
    return {p[0], p[1], exponential(p[2]), exponential(p[3])};
  }
  template <class T>
  static T log_y(const Prepared<T>& p, double t) {
    const T log_v = logarithm(exponential(p.edge - p.rate * T(t)) + p.floor);
    return p.chance - T(0.5) * softplus(T(-2) * log_v);  // v/√(1 + v²) = (1 + v^-2)^(-1/2)
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

const CurveLaw law_rosenfeld_1d = curve_law<Rosenfeld>(
    "rosenfeld_1d", "y = eps_0 e / sqrt(e^2 + eta^2), e = a n^-alpha + c_inf", "eps_0,a,alpha,c_inf,eta");

}  // namespace frugal::fit
