#include "fit/law/laws/two_powers.h"

#include <cmath>

#include "fit/numeric/vector_math.h"

namespace frugal::fit::laws {

void TwoPowers::evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const {
  const std::size_t n = in.count;
  const double* log_x[] = {in.log_value[0].data(), in.log_value[1].data()};
  const std::size_t exponent[] = {size_exponent_, data_exponent_};
  thread_local std::vector<double> scratch;
  if (!jacobian) scratch.resize(2 * n);
  double* power = jacobian ? jacobian + n : scratch.data();  // of size, then of data
  for (std::size_t k = 0; k < 2; ++k) vector_exp_scaled(-theta[exponent[k]], log_x[k], power + k * n, n);
  for (std::size_t i = 0; i < n; ++i) y[i] = theta[0] + theta[1] * power[i] + theta[2] * power[n + i];
  if (!jacobian) return;
  for (std::size_t i = 0; i < n; ++i) jacobian[i] = 1;
  double *by_size = jacobian + size_exponent_ * n, *by_data = jacobian + data_exponent_ * n;
  for (std::size_t i = 0; i < n; ++i) by_size[i] = -theta[1] * log_x[0][i] * power[i];
  if (by_data == by_size) {
    for (std::size_t i = 0; i < n; ++i) by_data[i] -= theta[2] * log_x[1][i] * power[n + i];
  } else {
    for (std::size_t i = 0; i < n; ++i) by_data[i] = -theta[2] * log_x[1][i] * power[n + i];
  }
}

bool TwoPowers::add_curvature(const double*, const Inputs& in, const double* jacobian, const double* v,
                              double* hessian) const {
  if (size_exponent_ == data_exponent_) return false;
  const std::size_t n = in.count, p = parameter_count();
  const std::size_t exponent[] = {size_exponent_, data_exponent_};
  for (std::size_t k = 0; k < 2; ++k) {
    const std::size_t coefficient = 1 + k, e = exponent[k];
    const double* log_x = in.log_value[k].data();
    const double mixed = dot(v, log_x, jacobian + coefficient * n, n);
    hessian[coefficient * p + e] -= mixed;
    hessian[e * p + coefficient] -= mixed;
    hessian[e * p + e] -= dot(v, log_x, jacobian + e * n, n);
  }
  return true;
}

bool TwoPowers::linearise(const double* theta, const Inputs& in, const double* y, double* basis,
                          double* target, double* scale) const {
  const std::size_t n = in.count;
  vector_exp_scaled(-theta[size_exponent_], in.log_value[0].data(), basis + n, n);
  vector_exp_scaled(-theta[data_exponent_], in.log_value[1].data(), basis + 2 * n, n);
  for (std::size_t i = 0; i < n; ++i) {
    basis[i] = 1;
    target[i] = y[i];
    scale[i] = 1 / y[i];
  }
  return true;
}

bool TwoPowers::from_units(double* theta, const double* log_unit) const {
  theta[1] *= std::exp(theta[size_exponent_] * log_unit[0]);
  theta[2] *= std::exp(theta[data_exponent_] * log_unit[1]);
  return true;
}

void TwoPowers::to_units(double* theta, const double* log_unit) const {
  theta[1] *= std::exp(-theta[size_exponent_] * log_unit[0]);
  theta[2] *= std::exp(-theta[data_exponent_] * log_unit[1]);
}

}  // namespace frugal::fit::laws
