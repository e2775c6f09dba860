// ln ŷ of a law in other parameters than its own. A fit with priors wants parameters without bounds
// (logarithms and logits), of order one at the largest runs; the law itself stays written once. Its own
// parameters θ are then functions of the free ones φ, and d ln ŷ/dφ = (∂ŷ/∂θ · dθ/dφ)/ŷ.
#pragma once

#include <array>
#include <cstddef>

#include "fit/law/law.h"
#include "fit/numeric/dual.h"

namespace frugal::fit {

// theta [parameters of the law]; slopes [parameters · free], dθ/dφ. log_y [runs]; jacobian [runs · free],
// unless null. NaN or −∞ where ŷ is not positive.
void log_value(const Law& law, const double* theta, const double* slopes, std::size_t free,
               const Inputs& inputs, double* log_y, double* jacobian);

// The same, with `change` a template over plain and dual numbers that makes θ of φ: Change::theta(φ) gives an
// array of P values for an array of N. The values of φ stand at `free`.
template <class Change, std::size_t N>
void log_value(const Law& law, const double* free, const Inputs& inputs, double* log_y, double* jacobian) {
  if (jacobian == nullptr) {
    std::array<double, N> at;
    for (std::size_t k = 0; k < N; ++k) at[k] = free[k];
    log_value(law, Change::theta(at).data(), nullptr, N, inputs, log_y, nullptr);
    return;
  }
  std::array<Dual<N>, N> at;
  for (std::size_t k = 0; k < N; ++k) at[k] = Dual<N>::parameter(free[k], k);
  const auto dual = Change::theta(at);
  constexpr std::size_t P = std::tuple_size_v<decltype(dual)>;
  std::array<double, P> theta;
  std::array<double, P * N> slopes;
  for (std::size_t p = 0; p < P; ++p) {
    theta[p] = dual[p].value;
    for (std::size_t k = 0; k < N; ++k) slopes[p * N + k] = dual[p].slope[k];
  }
  log_value(law, theta.data(), slopes.data(), N, inputs, log_y, jacobian);
}

}  // namespace frugal::fit
