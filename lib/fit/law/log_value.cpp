#include "fit/law/log_value.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace frugal::fit {

void log_value(const Law& law, const double* theta, const double* slopes, std::size_t free,
               const Inputs& inputs, double* log_y, double* jacobian) {
  const std::size_t runs = inputs.count, own = law.parameter_count();
  // Called thousands of times for one fit.
  thread_local std::vector<double> by_theta;
  if (jacobian != nullptr) by_theta.resize(own * runs);
  law.evaluate(theta, inputs, log_y, jacobian != nullptr ? by_theta.data() : nullptr);
  for (std::size_t i = 0; i < runs; ++i) {
    const double y = log_y[i];
    log_y[i] = std::log(y);
    if (jacobian == nullptr) continue;
    double* row = jacobian + i * free;
    std::fill(row, row + free, 0.0);
    for (std::size_t p = 0; p < own; ++p) {
      const double relative = by_theta[p * runs + i] / y;
      for (std::size_t k = 0; k < free; ++k) row[k] += relative * slopes[p * free + k];
    }
  }
}

}  // namespace frugal::fit
