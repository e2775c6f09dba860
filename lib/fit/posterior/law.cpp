#include "fit/posterior/law.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "fit/numeric/dual.h"

namespace frugal::fit {
namespace {

// ln 3, the largest exponent that the laws allow.
constexpr double steepest = 1.0986122886681098;

template <class T>
T exponent(const T& log_exponent) {
  return exponential(value_of(log_exponent) > steepest ? T(steepest) : log_exponent);
}

// What the laws share: the value at the edge in three parts. Free parameters 0, 1, 2: ln of the level, logit
// of the floor's share, logit of the data's share of the rest.
template <class T>
struct Parts {
  T floor, data, size;
  template <std::size_t N>
  explicit Parts(const std::array<T, N>& p) {
    const T level = exponential(p[0]), of_floor = sigmoid(p[1]), of_data = sigmoid(p[2]);
    const T rest = level * (T(1.0) - of_floor);
    floor = level * of_floor;
    data = rest * of_data;
    size = rest * (T(1.0) - of_data);
  }
};

struct Overtraining {  // …, ln η
  static constexpr std::size_t size = 4;
  template <class T>
  static std::array<T, 4> theta(const std::array<T, size>& p) {
    const Parts<T> part(p);
    return {part.floor, part.size, part.data, exponent(p[3])};
  }
};

struct Chinchilla {  // …, ln η, d
  static constexpr std::size_t size = 5;
  template <class T>
  static std::array<T, 5> theta(const std::array<T, size>& p) {
    const Parts<T> part(p);
    const T half = p[4] * T(0.5);
    return {part.floor, part.size, part.data, exponent(p[3] - half), exponent(p[3] + half)};
  }
};

struct Rosenfeld {  // …, ln η, d, ln of the level of a random guess
  static constexpr std::size_t size = 6;
  template <class T>
  static std::array<T, 6> theta(const std::array<T, size>& p) {
    const Parts<T> part(p);
    const T half = p[4] * T(0.5);
    return {part.data,        part.size, part.floor, exponent(p[3] + half), exponent(p[3] - half),
            exponential(p[5])};
  }
};

struct Kaplan {  // level, logit of the size's share, ln of size's exponent / data's, ln of data's exponent
  static constexpr std::size_t size = 4;
  template <class T>
  static std::array<T, 4> theta(const std::array<T, size>& p) {
    const T of_data = exponential(p[3]), of_size = exponential(p[3] + p[2]);
    // L^(1/α_D) at the edge is Nc^(α_N/α_D) + Dc.
    const T total = p[0] * exponential(-p[3]);
    const T log_nc = (total - softplus(-p[1])) * exponential(-p[2]), log_dc = total - softplus(p[1]);
    return {exponential(log_nc), exponential(log_dc), of_size, of_data};
  }
  static void prior(const Edge& edge, double* mean, double* deviation) {
    const std::array<double, size> means{edge.level, 0, 0, -2.1}, deviations{3, 1.5, 0.5, 0.7};
    std::copy_n(means.begin(), size, mean);
    std::copy_n(deviations.begin(), size, deviation);
  }
};

template <std::size_t N>
void prior(const Edge& edge, double* mean, double* deviation) {
  constexpr double log_exponent = -1.1086626245216111;  // ln 0.33
  // Floor: 45 % of the value at the edge, 7 % to 90 %: published losses have three quarters, error rates a
  // tenth.
  // Random guess: twice the highest value seen.
  const std::array<double, 6> means{edge.level, -0.2, 0, log_exponent, 0, edge.highest + 0.7};
  const std::array<double, 6> deviations{3, 1.2, 1.5, 0.35, 0.35, 0.7};
  std::copy_n(means.begin(), N, mean);
  std::copy_n(deviations.begin(), N, deviation);
}

template <class Change>
auto theta_array(const double* parameters) {
  std::array<double, Change::size> p;
  std::copy_n(parameters, Change::size, p.begin());
  return Change::theta(p);
}

template <class Change>
std::vector<double> theta_of(const double* parameters) {
  const auto theta = theta_array<Change>(parameters);
  return {theta.begin(), theta.end()};
}

// With φ the free parameters, d ln ŷ/dφ = (∂ŷ/∂θ · dθ/dφ)/ŷ. NaN or −∞ where ŷ is not positive.
template <class Change>
void log_value(const Law& law, const double* parameters, const Inputs& inputs, double* log_y,
               double* jacobian) {
  constexpr std::size_t free = Change::size;
  const std::size_t runs = inputs.count;
  if (jacobian == nullptr) {
    law.evaluate(theta_array<Change>(parameters).data(), inputs, log_y, nullptr);
  } else {
    std::array<Dual<free>, free> at;
    for (std::size_t k = 0; k < free; ++k) at[k] = Dual<free>::parameter(parameters[k], k);
    const auto dual = Change::theta(at);
    std::array<double, dual.size()> theta;
    for (std::size_t p = 0; p < dual.size(); ++p) theta[p] = dual[p].value;
    // Called thousands of times for one fit.
    thread_local std::vector<double> by_theta;
    by_theta.resize(dual.size() * runs);
    law.evaluate(theta.data(), inputs, log_y, by_theta.data());
    std::fill(jacobian, jacobian + runs * free, 0.0);
    for (std::size_t p = 0; p < dual.size(); ++p) {
      double* column = by_theta.data() + p * runs;
      for (std::size_t i = 0; i < runs; ++i) column[i] *= 1 / log_y[i];
      for (std::size_t k = 0; k < free; ++k) {
        const double slope = dual[p].slope[k];
        if (slope == 0) continue;  // most parameters are functions of one free one
        for (std::size_t i = 0; i < runs; ++i) jacobian[i * free + k] += column[i] * slope;
      }
    }
  }
  for (std::size_t i = 0; i < runs; ++i) log_y[i] = std::log(log_y[i]);
}

template <class Change>
auto prior_of() {
  if constexpr (requires { &Change::prior; })
    return &Change::prior;
  else
    return &prior<Change::size>;
}

template <class Change>
PosteriorLaw member(const char* name, double odds) {
  return {find_law(name),    Change::size,       std::log(odds),
          log_value<Change>, prior_of<Change>(), theta_of<Change>};
}

}  // namespace

std::vector<double> PosteriorLaw::published(const double* parameters, const Edge& edge) const {
  std::vector<double> own = theta(parameters);
  const double log_unit[] = {edge.log_size, edge.log_data};
  law->from_units(own.data(), log_unit);
  return own;
}

std::span<const PosteriorLaw> posterior_laws() {
  static const std::array<PosteriorLaw, 4> table{
      member<Overtraining>("overtraining", 1), member<Chinchilla>("chinchilla", 1),
      member<Rosenfeld>("rosenfeld", 1.0 / 3), member<Kaplan>("kaplan", 0.05)};
  return table;
}

const PosteriorLaw* find_posterior_law(std::string_view name) {
  for (const PosteriorLaw& law : posterior_laws())
    if (law.name() == name) return &law;
  return nullptr;
}

}  // namespace frugal::fit
