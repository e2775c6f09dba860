// Kaplan et al. 2020, "Scaling Laws for Neural Language Models", equation 1.5:
// L(N, D) = [(Nc/N)^(αN/αD) + Dc/D]^αD. No floor: at unlimited size and data the loss is 0.
#include <cmath>

#include "fit/law/laws.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit::laws {
namespace {

class Kaplan : public Law {
 public:
  Kaplan() {
    name = "kaplan";
    formula = "((Nc/size)^(alpha_N/alpha_D) + Dc/data)^alpha_D";
    source = "Kaplan et al. 2020, eq. 1.5";
    variables = {variable::size, variable::data};
    restart_factor = 5;
    parameters = {{"Nc", "scale of size", 0, 1e300, 1e-3, 1e12, true},
                  {"Dc", "scale of data", 0, 1e300, 1e-3, 1e12, true},
                  {"alpha_N", "exponent of size", 1e-3, 3, 0.01, 1, true},
                  {"alpha_D", "exponent of data", 1e-3, 3, 0.01, 1, true}};
  }

  void evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const override {
    const std::size_t n = in.count;
    const double power = theta[2] / theta[3], log_nc = std::log(theta[0]);
    thread_local std::vector<double> scratch;
    scratch.resize(3 * n);
    double *size_term = scratch.data(), *u = size_term + n, *log_u = u + n;
    const double *log_size = in.log_value[0].data(), *log_data = in.log_value[1].data();
    for (std::size_t i = 0; i < n; ++i) size_term[i] = power * (log_nc - log_size[i]);
    vector_exp(size_term, size_term, n);
    vector_exp_scaled(-1, log_data, u, n);
    if (jacobian)
      for (std::size_t i = 0; i < n; ++i) jacobian[n + i] = u[i];
    for (std::size_t i = 0; i < n; ++i) u[i] = size_term[i] + theta[1] * u[i];
    vector_log(u, log_u, n);
    vector_exp_scaled(theta[3], log_u, y, n);
    if (!jacobian) return;
    for (std::size_t i = 0; i < n; ++i) {
      const double slope = theta[3] * y[i] / u[i];  // dy/du
      const double from_power = slope * size_term[i] * (log_nc - log_size[i]);
      jacobian[i] = slope * size_term[i] * power / theta[0];
      jacobian[n + i] *= slope;
      jacobian[2 * n + i] = from_power / theta[3];
      jacobian[3 * n + i] = y[i] * log_u[i] - from_power * power / theta[3];
    }
  }

  std::vector<std::size_t> linear() const override { return {0, 1}; }

  bool linearise(const double* theta, const Inputs& in, const double* y, double* basis, double* target,
                 double* scale) const override {
    const std::size_t n = in.count;
    vector_exp_scaled(-theta[2] / theta[3], in.log_value[0].data(), basis, n);
    vector_exp_scaled(-1, in.log_value[1].data(), basis + n, n);
    for (std::size_t i = 0; i < n; ++i) {
      target[i] = std::pow(y[i], 1 / theta[3]);
      scale[i] = theta[3] / target[i];
    }
    return true;
  }

  void set_linear(double* theta, const double* coefficients) const override {
    theta[0] = std::pow(std::max(coefficients[0], 1e-300), theta[3] / theta[2]);
    theta[1] = coefficients[1];
  }

  bool from_units(double* theta, const double* log_unit) const override {
    theta[0] *= std::exp(log_unit[0]);
    theta[1] *= std::exp(log_unit[1]);
    return true;
  }
};

}  // namespace

std::shared_ptr<const Law> kaplan() { return std::make_shared<Kaplan>(); }

}  // namespace frugal::fit::laws
