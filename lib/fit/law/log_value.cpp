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
  if (jacobian != nullptr) {
    thread_local std::vector<double> share;
    share.resize(runs);
    for (std::size_t i = 0; i < runs; ++i) share[i] = 1 / log_y[i];
    std::fill(jacobian, jacobian + runs * free, 0.0);
    for (std::size_t p = 0; p < own; ++p) {
      const double* column = by_theta.data() + p * runs;
      for (std::size_t k = 0; k < free; ++k) {
        const double slope = slopes[p * free + k];
        if (slope == 0) continue;  // most parameters are functions of one free one
        for (std::size_t i = 0; i < runs; ++i) jacobian[i * free + k] += column[i] * share[i] * slope;
      }
    }
  }
  for (std::size_t i = 0; i < runs; ++i) log_y[i] = std::log(log_y[i]);
}

}  // namespace frugal::fit
