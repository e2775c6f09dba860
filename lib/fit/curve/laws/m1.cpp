// M1: y = β x^c. The power law alone.
#include <cmath>

#include "fit/curve/curve_laws.h"

namespace frugal::fit {
namespace {

struct M1 {  // level at the edge, slope
  static constexpr std::size_t size = 2, prior_count = 0;
  template <class T>
  static const std::array<T, 2>& prepare(const std::array<T, 2>& p) {
    return p;
  }
  template <class T>
  static T log_y(const std::array<T, 2>& p, double t) {
    return p[0] + p[1] * T(t);
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

}  // namespace

const CurveLaw law_m1 = curve_law<M1>("m1", "y = beta x^c", "beta,c");

}  // namespace frugal::fit
