// Laws of one variable, as learning curves need them. Every law is written for t = ln(x / x_edge), x_edge the
// largest x that was fitted, and gives ln y: x is normalised (Caballero et al. 2023 ask for it), the level at
// the edge is a parameter of its own, and residuals of ln y are relative errors. Parameters are unconstrained
// (logarithms and logits), so that a minimiser needs no bounds. A law is one file in laws/, one name below
// and in the table.
//
// A prior stands where a curve's data may not identify a parameter: an exponent, a floor, a chance level, a
// break. Each prior is one more residual, worth one standard deviation of the noise: with many points it
// hardly shows, with five it keeps a floor or a break from being invented.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "fit/numeric/dual.h"

namespace frugal::fit {

using Theta = std::vector<double>;

// What a law may know of a curve before it is fitted: where to start, what its priors relate to.
struct CurveShape {
  double span = 0;         // ln(x_edge / x_smallest)
  double highest = 0;      // largest ln y
  double last = 0;         // ln y at the edge, smoothed
  double tail_slope = 0;   // d ln y / d ln x over the upper half
  double steep_slope = 0;  // the same over the upper 30 %
  double head_slope = 0;   // the same over the lowest quarter of the points
};

struct CurveLaw {
  std::string_view name;
  std::string_view formula;     // as published
  std::string_view parameters;  // names of published(), comma-separated
  std::size_t size;             // number of parameters
  // Whether the default averages over the plain fit, and over the fit with a discrepancy (see curve.h).
  bool averaged_plain, averaged_with_discrepancy;
  // ln y at every t; jacobian (rows of `size`) unless null.
  void (*evaluate)(const double* theta, std::span<const double> t, double* log_y, double* jacobian);
  std::size_t prior_count;
  void (*prior)(const double* theta, const CurveShape& shape, double* residual, double* jacobian);
  std::vector<Theta> (*starts)(const CurveShape& shape);
  // The parameters of the published formula; x_edge in the units of the data.
  std::vector<double> (*published)(const Theta& theta, double x_edge);
};

// The table, in candidate.cpp, of what the files of laws/ define.
extern const CurveLaw law_m1, law_m2, law_m3, law_m4, law_rosenfeld_1d, law_bnsl, law_bnsl2;
std::span<const CurveLaw> curve_laws();
// Null where there is no law of that name.
const CurveLaw* find_curve_law(std::string_view name);

// For the files of laws/: the table's functions from `template <class T> auto log_y(const std::array<T,
// N>&)`, which gives ln y as a function of t, and `std::array<T, K> prior(const std::array<T, N>&, const
// CurveShape&)`.
template <class Law>
std::array<Dual<Law::size>, Law::size> parameters_at(const double* theta) {
  std::array<Dual<Law::size>, Law::size> p;
  for (std::size_t k = 0; k < Law::size; ++k) p[k] = Dual<Law::size>::parameter(theta[k], k);
  return p;
}

template <class Law>
void evaluate_law(const double* theta, std::span<const double> t, double* log_y, double* jacobian) {
  constexpr std::size_t n = Law::size;
  if (!jacobian) {
    std::array<double, n> p;
    std::copy_n(theta, n, p.begin());
    const auto law = Law::log_y(p);
    for (std::size_t i = 0; i < t.size(); ++i) log_y[i] = law(t[i]);
    return;
  }
  const auto law = Law::log_y(parameters_at<Law>(theta));
  for (std::size_t i = 0; i < t.size(); ++i) {
    const Dual<n> y = law(t[i]);
    log_y[i] = y.value;
    std::copy_n(y.slope.begin(), n, jacobian + i * n);
  }
}

template <class Law>
void prior_of_law(const double* theta, const CurveShape& shape, double* residual, double* jacobian) {
  const auto r = Law::prior(parameters_at<Law>(theta), shape);
  for (std::size_t i = 0; i < r.size(); ++i) {
    residual[i] = r[i].value;
    std::copy_n(r[i].slope.begin(), Law::size, jacobian + i * Law::size);
  }
}

template <class Law>
constexpr CurveLaw curve_law(std::string_view name, std::string_view formula, std::string_view parameters,
                             bool averaged_plain = true, bool averaged_with_discrepancy = true) {
  return {name,
          formula,
          parameters,
          Law::size,
          averaged_plain,
          averaged_with_discrepancy,
          evaluate_law<Law>,
          Law::prior_count,
          prior_of_law<Law>,
          Law::starts,
          Law::published};
}

// Priors that several laws share, in units of one standard deviation.
template <class T>
T exponent_prior(const T& log_exponent) {  // scaling exponents published so far: 0.05 to 2, around 0.5
  return log_exponent - T(-0.693147);
}
template <class T>
T floor_prior(const T& logit_fraction) {  // floor as a share of the last value: 18 %, 3 % to 62 %
  return (logit_fraction + T(1.5)) * T(0.5);
}
template <class T>
T chance_prior(const T& log_chance, const CurveShape& shape) {
  // The level before learning: at or above the highest value seen (steeply), and not far above (gently).
  const T above = log_chance - T(shape.highest);
  return value_of(above) < 0 ? above * T(100.0) : above * T(2.0);
}

}  // namespace frugal::fit
