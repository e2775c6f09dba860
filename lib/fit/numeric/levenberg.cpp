#include "fit/numeric/levenberg.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fit/numeric/linear_algebra.h"

namespace frugal::fit {
namespace {

// Solves (A + λ diag A) x = b for symmetric A, of which the lower triangle is read; false where that is not
// positive definite.
bool solve_damped(const std::vector<double>& a, const std::vector<double>& b, double lambda, std::size_t n,
                  std::vector<double>& factor, std::vector<double>& x) {
  factor = a;
  for (std::size_t i = 0; i < n; ++i) factor[i * n + i] += lambda * std::max(a[i * n + i], 1e-12);
  if (!cholesky(factor.data(), n, 0)) return false;
  x = b;
  cholesky_solve(factor.data(), n, x.data());
  return true;
}

double half_square(const std::vector<double>& r) {
  double sum = 0;
  for (const double v : r) sum += v * v;
  return std::isfinite(sum) ? sum / 2 : std::numeric_limits<double>::infinity();
}

}  // namespace

LevenbergResult levenberg(const LeastSquares& problem, std::vector<double> start, int max_iterations,
                          double tolerance) {
  const std::size_t m = problem.residuals, n = problem.parameters;
  std::vector<double> r(m), jac(m * n), trial_r(m), trial_jac(m * n), normal(n * n), gradient(n),
      factor(n * n), step;
  LevenbergResult result;
  result.theta = std::move(start);
  problem.evaluate(result.theta.data(), r.data(), jac.data());
  result.cost = half_square(r);
  result.gradient_norm = std::numeric_limits<double>::infinity();
  if (!std::isfinite(result.cost)) return result;

  double lambda = 1e-3, growth = 2;
  bool fresh = true;
  while (result.iterations < max_iterations) {
    ++result.iterations;
    if (fresh) {
      std::fill(normal.begin(), normal.end(), 0.0);
      std::fill(gradient.begin(), gradient.end(), 0.0);
      for (std::size_t i = 0; i < m; ++i) {
        const double* row = &jac[i * n];
        for (std::size_t a = 0; a < n; ++a) {
          gradient[a] -= row[a] * r[i];
          for (std::size_t b = 0; b <= a; ++b) normal[a * n + b] += row[a] * row[b];
        }
      }
      fresh = false;
      result.gradient_norm = 0;
      for (const double g : gradient) result.gradient_norm = std::max(result.gradient_norm, std::abs(g));
    }
    double fall = 0, predicted = 0;
    if (solve_damped(normal, gradient, lambda, n, factor, step)) {
      std::vector<double> trial = result.theta;
      for (std::size_t a = 0; a < n; ++a) {
        trial[a] += step[a];
        predicted += 0.5 * step[a] * (lambda * std::max(normal[a * n + a], 1e-12) * step[a] + gradient[a]);
      }
      problem.evaluate(trial.data(), trial_r.data(), trial_jac.data());
      const double cost = half_square(trial_r);
      fall = result.cost - cost;
      if (fall > 0) {
        result.theta = std::move(trial);
        result.cost = cost;
        std::swap(r, trial_r);
        std::swap(jac, trial_jac);
        fresh = true;
      }
    }
    if (fresh) {
      const double gain = predicted > 0 ? fall / predicted : 0;
      lambda *= std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3));
      lambda = std::max(lambda, 1e-12);
      growth = 2;
      if (fall <= tolerance * (result.cost + tolerance)) {
        result.converged = true;
        break;
      }
    } else {
      if (predicted > 0 && predicted <= tolerance * (result.cost + tolerance)) {
        result.converged = true;
        break;
      }
      lambda *= growth;
      growth *= 2;
      if (lambda > 1e15) break;
    }
  }
  return result;
}

}  // namespace frugal::fit
