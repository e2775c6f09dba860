// M2: y = ε∞ + β x^c. A power law with a floor.
#include <algorithm>
#include <cmath>

#include "fit/curve/curve_laws.h"

namespace frugal::fit {
namespace {

struct M2 {  // level at the edge, ln(−c), logit of the floor's share of that level
  static constexpr std::size_t size = 3, prior_count = 2;
  template <class T>
  struct Prepared {
    T level, rate, share;
  };
  template <class T>
  static Prepared<T> prepare(const std::array<T, 3>& p) {
    return {p[0], exponential(p[1]), sigmoid(p[2])};
  }
  template <class T>
  static T log_y(const Prepared<T>& p, double t) {
    return p.level + logarithm(p.share + (T(1) - p.share) * exponential(p.rate * T(-t)));
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

}  // namespace

const CurveLaw law_m2 = curve_law<M2>("m2", "y = eps_inf + beta x^c", "eps_inf,beta,c");

}  // namespace frugal::fit
