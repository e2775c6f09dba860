#include "fit/discrepancy.h"

#include <cmath>

namespace frugal::fit {
namespace {

double covariance(Wander wander, double a, double b) {
  const double r = std::sqrt(3.0) * std::abs(a - b) / wander.length;
  return wander.amplitude * wander.amplitude * (1 + r) * std::exp(-r);
}

}  // namespace

Discrepancy::Discrepancy(std::span<const double> t, double noise, Wander wander)
    : t_(t.begin(), t.end()), noise_(noise), wander_(wander) {
  if (wander_.amplitude <= 0) return;
  const std::size_t n = t_.size();
  factor_.assign(n * n, 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = covariance(wander_, t_[i], t_[j]) + (i == j ? noise_ * noise_ : 0);
      for (std::size_t k = 0; k < j; ++k) sum -= factor_[i * n + k] * factor_[j * n + k];
      factor_[i * n + j] = i == j ? std::sqrt(sum) : sum / factor_[j * n + j];
    }
}

void Discrepancy::whiten(double* rows, std::size_t columns) const {
  const std::size_t n = t_.size();
  if (factor_.empty()) {
    for (std::size_t i = 0; i < n * columns; ++i) rows[i] /= noise_;
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    double* row = rows + i * columns;
    for (std::size_t k = 0; k < i; ++k) {
      const double f = factor_[i * n + k];
      const double* earlier = rows + k * columns;
      for (std::size_t c = 0; c < columns; ++c) row[c] -= f * earlier[c];
    }
    for (std::size_t c = 0; c < columns; ++c) row[c] /= factor_[i * n + i];
  }
}

std::vector<double> Discrepancy::solve(std::span<const double> residuals) const {
  if (factor_.empty()) return {};
  const std::size_t n = t_.size();
  std::vector<double> x(residuals.begin(), residuals.end());
  whiten(x.data(), 1);
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) x[i] -= factor_[k * n + i] * x[k];
    x[i] /= factor_[i * n + i];
  }
  return x;
}

double expected_wander(Wander wander, std::span<const double> t, std::span<const double> solved, double at) {
  double sum = 0;
  for (std::size_t i = 0; i < solved.size(); ++i) sum += covariance(wander, at, t[i]) * solved[i];
  return sum;
}

}  // namespace frugal::fit
