// What a law leaves over. No formula follows a learning curve exactly: its residuals drift slowly, and least
// squares that takes them for independent noise lets the far end of the curve outvote the end that is to be
// extrapolated. So ln y = law(t) + discrepancy(t) + noise, the discrepancy a Gaussian process (Kennedy,
// O'Hagan 2001) of Matérn 3/2 covariance τ² (1 + √3 r/ℓ) exp(−√3 r/ℓ), r the distance in ln x. Its
// once-differentiable paths carry the slope at the edge on for a while and then return to the law.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace frugal::fit {

// k(r) = (1 + √3 r) exp(−√3 r), r in units of the length.
double matern(double distance);

struct DiscrepancyKernel {
  double amplitude = 0;  // τ, in ln y; 0: none
  double length = 1;     // ℓ, in ln x
};

class Discrepancy {
 public:
  // t ascending, noise > 0: standard deviation of ln y.
  Discrepancy(std::span<const double> t, double noise, DiscrepancyKernel kernel);

  // In place: rows of `columns` values, multiplied by the inverse Cholesky factor of the covariance. The
  // squares of whitened residuals add up to the exponent of the likelihood.
  void whiten(double* rows, std::size_t columns) const;
  // The covariance's inverse times residuals (ln y − law) at t: what expected_discrepancy takes. Empty where
  // the amplitude is 0.
  std::vector<double> solve(std::span<const double> residuals) const;

 private:
  std::vector<double> t_;
  double noise_;
  DiscrepancyKernel kernel_;
  std::vector<double> factor_;  // lower Cholesky factor, row by row; empty where the amplitude is 0
};

// Expected discrepancy at `at`, given t and solve() of its residuals there.
double expected_discrepancy(DiscrepancyKernel kernel, std::span<const double> t,
                            std::span<const double> solved, double at);

}  // namespace frugal::fit
