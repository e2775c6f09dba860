// Forward-mode derivatives for laws with a handful of parameters: a law is written once, as a template over
// its number type, and gives its value with double and its exact gradient with Dual<N>.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace frugal::fit {

template <std::size_t N>
struct Dual {
  double value = 0;
  std::array<double, N> slope{};  // d value / d parameter

  Dual() = default;
  Dual(double constant) : value(constant) {}  // NOLINT: constants mix freely with parameters
  static Dual parameter(double at, std::size_t index) {
    Dual result(at);
    result.slope[index] = 1;
    return result;
  }
  // f(this), given f and f' here.
  Dual chain(double f, double derivative) const {
    Dual result(f);
    for (std::size_t k = 0; k < N; ++k) result.slope[k] = derivative * slope[k];
    return result;
  }
  friend Dual operator+(const Dual& a, const Dual& b) {
    Dual r(a.value + b.value);
    for (std::size_t k = 0; k < N; ++k) r.slope[k] = a.slope[k] + b.slope[k];
    return r;
  }
  friend Dual operator-(const Dual& a, const Dual& b) {
    Dual r(a.value - b.value);
    for (std::size_t k = 0; k < N; ++k) r.slope[k] = a.slope[k] - b.slope[k];
    return r;
  }
  friend Dual operator*(const Dual& a, const Dual& b) {
    Dual r(a.value * b.value);
    for (std::size_t k = 0; k < N; ++k) r.slope[k] = a.slope[k] * b.value + b.slope[k] * a.value;
    return r;
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    return a * b.chain(1 / b.value, -1 / (b.value * b.value));
  }
  friend Dual operator-(const Dual& a) { return a.chain(-a.value, -1); }
};

inline double value_of(double x) { return x; }
template <std::size_t N>
double value_of(const Dual<N>& x) {
  return x.value;
}

// softplus(z) = log(1 + e^z) and sigmoid(z) without overflow.
inline double softplus(double z) { return z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z)); }
inline double sigmoid(double z) { return z > 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z)); }
inline double exponential(double z) { return std::exp(z); }
inline double logarithm(double z) { return std::log(z); }

template <std::size_t N>
Dual<N> softplus(const Dual<N>& z) {
  return z.chain(softplus(z.value), sigmoid(z.value));
}
template <std::size_t N>
Dual<N> sigmoid(const Dual<N>& z) {
  const double s = sigmoid(z.value);
  return z.chain(s, s * (1 - s));
}
template <std::size_t N>
Dual<N> exponential(const Dual<N>& z) {
  const double e = std::exp(z.value);
  return z.chain(e, e);
}
template <std::size_t N>
Dual<N> logarithm(const Dual<N>& z) {
  return z.chain(std::log(z.value), 1 / z.value);
}

}  // namespace frugal::fit
