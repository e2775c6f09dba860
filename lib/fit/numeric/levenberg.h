// Levenberg–Marquardt for small dense least squares (some hundred residuals, up to a dozen parameters) with
// Nielsen's damping (Madsen, Nielsen, Tingleff 2004, algorithm 3.16).
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace frugal::fit {

struct LeastSquares {
  std::size_t residuals = 0, parameters = 0;
  // residual[residuals] and jacobian[residuals × parameters], row by row.
  std::function<void(const double* theta, double* residual, double* jacobian)> evaluate;
};

struct LevenbergResult {
  std::vector<double> theta;
  double cost = 0;           // ½ Σ residual²
  double gradient_norm = 0;  // largest |∂cost/∂theta|
  int iterations = 0;
  bool converged = false;
};

// Descends from start; stops when the cost falls by less than tolerance, relatively, or after max_iterations.
// A start where the residuals are not finite comes back with an infinite cost.
LevenbergResult levenberg(const LeastSquares& problem, std::vector<double> start, int max_iterations = 100,
                          double tolerance = 1e-10);

}  // namespace frugal::fit
