// M3: y = β (1/x + γ)^c. A power law that levels off where x reaches 1/γ.
#include <algorithm>
#include <cmath>

#include "fit/curve/curve_laws.h"

namespace frugal::fit {
namespace {

struct M3 {  // level at the edge, ln c, ln(γ x_edge)
  static constexpr std::size_t size = 3, prior_count = 2;
  template <class T>
  struct Prepared {
    T level, rate, gamma, at_edge;
  };
  template <class T>
  static Prepared<T> prepare(const std::array<T, 3>& p) {
    return {p[0], exponential(p[1]), exponential(p[2]), softplus(p[2])};
  }
  template <class T>
  static T log_y(const Prepared<T>& p, double t) {
    return p.level + p.rate * (logarithm(T(std::exp(-t)) + p.gamma) - p.at_edge);
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

}  // namespace

const CurveLaw law_m3 = curve_law<M3>("m3", "y = beta (1/x + gamma)^c", "beta,gamma,c");

}  // namespace frugal::fit
