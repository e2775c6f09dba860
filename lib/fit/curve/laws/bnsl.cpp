// BNSL: y = a + b x^-c₀ ∏ (1 + (x/dᵢ)^(1/fᵢ))^(−cᵢ fᵢ), Caballero et al. 2023: a power law whose exponent
// changes at breaks. x is normalised by the edge; a break beyond the data cannot be identified, so the prior
// holds breaks between the ends of the curve.
#include <algorithm>
#include <cmath>

#include "fit/curve/curve_law.h"

namespace frugal::fit {
namespace {

template <std::size_t Breaks>
struct Bnsl {  // level at the edge, c₀, logit of the floor's share of that level, then (c, ln d, ln f) a
               // break
  static constexpr std::size_t size = 3 + 3 * Breaks, prior_count = 2 + 4 * Breaks;
  template <class T>
  static auto log_y(const std::array<T, size>& p) {
    const T share = sigmoid(p[2]);
    std::array<T, Breaks> weight, inverse_width, at_edge;  // weight = c f
    for (std::size_t k = 0; k < Breaks; ++k) {
      weight[k] = p[3 + 3 * k] * exponential(p[5 + 3 * k]);
      inverse_width[k] = exponential(-p[5 + 3 * k]);
      at_edge[k] = softplus(-p[4 + 3 * k] * inverse_width[k]);
    }
    return [=](double t) {
      T power = p[1] * T(-t);
      for (std::size_t k = 0; k < Breaks; ++k)
        power = power - weight[k] * (softplus((T(t) - p[4 + 3 * k]) * inverse_width[k]) - at_edge[k]);
      return p[0] + logarithm(share + (T(1) - share) * exponential(power));
    };
  }
  template <class T>
  static std::array<T, prior_count> prior(const std::array<T, size>& p, const CurveShape& shape) {
    std::array<T, prior_count> r;
    r[0] = (p[1] - T(0.4)) * T(1 / 0.7);
    r[1] = floor_prior(p[2]);
    for (std::size_t k = 0; k < Breaks; ++k) {
      const T late = p[4 + 3 * k] + T(0.15 * shape.span), early = p[4 + 3 * k] + T(shape.span);
      r[2 + 4 * k] = p[3 + 3 * k] * T(2);
      r[3 + 4 * k] = value_of(late) > 0 ? late * T(1 / 0.3) : T(0.0);
      r[4 + 4 * k] = value_of(early) < 0 ? early * T(1 / 0.3) : T(0.0);
      r[5 + 4 * k] = p[5 + 3 * k] - T(-0.693147);
    }
    return r;
  }
  static std::vector<Theta> starts(const CurveShape& shape) {
    std::vector<Theta> result;
    const double head = -shape.head_slope, tail = -shape.steep_slope, width = std::log(0.4);
    for (const double place : {0.3, 0.6, 0.85})
      for (const double share : {0.05, 0.4}) {
        Theta theta{shape.last, head, std::log(share / (1 - share))};
        double before = head;
        for (std::size_t k = 0; k < Breaks; ++k) {  // breaks spread over the curve, slopes in equal steps
          const double where = Breaks == 1 ? place : place * double(k + 1) / double(Breaks);
          const double after = head + (tail / (1 - share) - head) * double(k + 1) / double(Breaks);
          theta.insert(theta.end(), {after - before, -shape.span * (1 - where), width});
          before = after;
        }
        result.push_back(theta);
      }
    return result;
  }
  static std::vector<double> published(const Theta& p, double x_edge) {
    const double share = sigmoid(p[2]), level = std::exp(p[0]);
    double log_b = p[0] + std::log1p(-share) + p[1] * std::log(x_edge);
    std::vector<double> result{level * share, 0, p[1]};
    for (std::size_t k = 0; k < Breaks; ++k) {
      const double c = p[3 + 3 * k], d = p[4 + 3 * k], f = std::exp(p[5 + 3 * k]);
      log_b += c * f * softplus(-d / f);
      result.insert(result.end(), {c, x_edge * std::exp(d), f});
    }
    result[1] = std::exp(log_b);
    return result;
  }
};

}  // namespace

const CurveLaw law_bnsl =
    curve_law<Bnsl<1>>("bnsl", "y = a + b x^-c0 (1 + (x/d1)^(1/f1))^(-c1 f1)", "a,b,c0,c1,d1,f1");
const CurveLaw law_bnsl2 =
    curve_law<Bnsl<2>>("bnsl2", "bnsl with two breaks", "a,b,c0,c1,d1,f1,c2,d2,f2", false, false);

}  // namespace frugal::fit
