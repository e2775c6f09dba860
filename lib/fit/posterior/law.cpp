#include "fit/posterior/law.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "fit/numeric/dual.h"

namespace frugal::fit {
namespace {

// level, logit floor, logit share, ln η; then d; then ln of the level of a random guess.
constexpr std::size_t overtraining_size = 4, chinchilla_size = 5, rosenfeld_size = 6;

constexpr double steepest = 1.0986122886681098;  // ln 3, the largest exponent that the laws allow

template <class T>
T bounded(const T& log_exponent) {
  return value_of(log_exponent) > steepest ? T(steepest) : log_exponent;
}

template <std::size_t N>
void exponents(const std::array<double, N>& p, double& of_data, double& of_size) {
  const double d = N > 4 ? p[4 % N] : 0;
  of_data = std::exp(bounded(p[3] + d / 2));
  of_size = std::exp(bounded(p[3] - d / 2));
}

template <class T, std::size_t N>
void evaluate_runs(const std::array<T, N>& p, std::span<const double> x, double* log_y, double* jacobian) {
  const T half = N > 4 ? p[4 % N] * T(0.5) : T(0.0);
  const T of_data = exponential(bounded(p[3] + half)), of_size = exponential(bounded(p[3] - half));
  const T floor = sigmoid(p[1]), share = sigmoid(p[2]);
  const T data_part = (T(1.0) - floor) * share, size_part = (T(1.0) - floor) * (T(1.0) - share);
  for (std::size_t i = 0; 2 * i < x.size(); ++i) {
    const T y = floor + data_part * exponential(of_data * T(-x[2 * i])) +
                size_part * exponential(of_size * T(-x[2 * i + 1]));
    T result = p[0] + logarithm(y);
    if constexpr (N == rosenfeld_size) result = result - T(0.5) * softplus((result - p[5]) * T(2.0));
    log_y[i] = value_of(result);
    if constexpr (!std::is_same_v<T, double>)
      for (std::size_t k = 0; k < N; ++k) jacobian[i * N + k] = result.slope[k];
  }
}

template <std::size_t N>
void evaluate(const double* parameters, std::span<const double> x, double* log_y, double* jacobian) {
  if (jacobian == nullptr) {
    std::array<double, N> p;
    std::copy_n(parameters, N, p.begin());
    evaluate_runs(p, x, log_y, nullptr);
    return;
  }
  std::array<Dual<N>, N> p;
  for (std::size_t k = 0; k < N; ++k) p[k] = Dual<N>::parameter(parameters[k], k);
  evaluate_runs(p, x, log_y, jacobian);
}

template <std::size_t N>
void prior(const Edge& edge, double* mean, double* deviation) {
  constexpr double log_exponent = -1.1086626245216111;  // ln 0.33
  // Floor: 38 % of the value at the edge, 8 % to 82 %. Random guess: twice the highest value seen.
  const std::array<double, 6> means{edge.level, -0.5, 0, log_exponent, 0, edge.highest + 0.7};
  const std::array<double, 6> deviations{3, 1, 1.5, 0.35, 0.35, 0.5};
  std::copy_n(means.begin(), N, mean);
  std::copy_n(deviations.begin(), N, deviation);
}

template <std::size_t N>
std::vector<double> published(const double* parameters, const Edge& edge) {
  std::array<double, N> p;
  std::copy_n(parameters, N, p.begin());
  double of_data = 0, of_size = 0;
  exponents(p, of_data, of_size);
  const double level = std::exp(p[0]), floor = sigmoid(p[1]), share = sigmoid(p[2]);
  const double data = level * (1 - floor) * share * std::exp(of_data * edge.log_data);
  const double size = level * (1 - floor) * (1 - share) * std::exp(of_size * edge.log_size);
  if constexpr (N == overtraining_size) return {level * floor, size, data, of_data};
  if constexpr (N == chinchilla_size) return {level * floor, size, data, of_size, of_data};
  if constexpr (N == rosenfeld_size) return {data, size, level * floor, of_data, of_size, std::exp(p[5])};
}

template <std::size_t N>
constexpr PosteriorLaw law(std::string_view name) {
  return {name, N, evaluate<N>, prior<N>, published<N>};
}

constexpr std::array<PosteriorLaw, 3> table{law<overtraining_size>("overtraining"),
                                            law<chinchilla_size>("chinchilla"),
                                            law<rosenfeld_size>("rosenfeld")};

}  // namespace

std::span<const PosteriorLaw> posterior_laws() { return table; }

const PosteriorLaw* find_posterior_law(std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const PosteriorLaw& l) { return l.name == name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace frugal::fit
