#include "fit/numeric/discrepancy.h"

#include <cmath>

#include "base/error.h"
#include "fit/numeric/cholesky.h"

namespace frugal::fit {
namespace {

double covariance(DiscrepancyKernel kernel, double a, double b) {
  return kernel.amplitude * kernel.amplitude * matern(std::abs(a - b) / kernel.length);
}

}  // namespace

double matern(double distance) {
  const double r = std::sqrt(3.0) * distance;
  return (1 + r) * std::exp(-r);
}

Discrepancy::Discrepancy(std::span<const double> t, double noise, DiscrepancyKernel kernel)
    : t_(t.begin(), t.end()), noise_(noise), kernel_(kernel) {
  if (kernel_.amplitude <= 0) return;
  const std::size_t n = t_.size();
  factor_.assign(n * n, 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      factor_[i * n + j] = covariance(kernel_, t_[i], t_[j]) + (i == j ? noise_ * noise_ : 0);
  const bool positive = cholesky(factor_.data(), n);
  FRUGAL_ASSERT(positive, "a covariance has a Cholesky factor");
}

void Discrepancy::whiten(double* rows, std::size_t columns) const {
  if (factor_.empty()) {
    for (std::size_t i = 0; i < t_.size() * columns; ++i) rows[i] /= noise_;
    return;
  }
  cholesky_whiten(factor_.data(), t_.size(), rows, columns);
}

std::vector<double> Discrepancy::solve(std::span<const double> residuals) const {
  if (factor_.empty()) return {};
  std::vector<double> x(residuals.begin(), residuals.end());
  cholesky_solve(factor_.data(), t_.size(), x.data());
  return x;
}

double expected_discrepancy(DiscrepancyKernel kernel, std::span<const double> t,
                            std::span<const double> solved, double at) {
  double sum = 0;
  for (std::size_t i = 0; i < solved.size(); ++i) sum += covariance(kernel, at, t[i]) * solved[i];
  return sum;
}

}  // namespace frugal::fit
