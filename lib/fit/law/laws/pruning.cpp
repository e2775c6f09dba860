// Rosenfeld, Frankle, Carbin, Shavit 2021, "On the Predictability of Pruning Across Scales", equation 1:
// ε(d) = ε_np · |(d − jp (ε↑/ε_np)^(1/γ)) / (d − jp)|^γ, where d is the share of weights kept, ε_np the error
// of the same network before pruning, and ε↑ the error that pruning levels off at. With c = (ε↑/ε_np)^(1/γ),
// |d − jpc|² = d² + p²c².
#include <cmath>

#include "fit/law/laws.h"

namespace frugal::fit::laws {
namespace {

class Pruning : public Law {
 public:
  Pruning() {
    name = "pruning";
    formula = "error_dense*((d^2 + p^2*(eps_up/error_dense)^(2/gamma))/(d^2 + p^2))^(gamma/2), d = density";
    source = "Rosenfeld et al. 2021, eq. 1";
    variables = {variable::density, variable::error_dense};
    parameters = {{"eps_up", "error where pruning levels off", 1e-6, 1e6, 0.05, 10, true},
                  {"gamma", "slope of the power law", 0.02, 20, 0.1, 4, true},
                  {"p", "density where it levels off", 1e-9, 10, 1e-5, 1, true}};
  }

  void evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const override {
    const std::size_t n = in.count;
    const double eps_up = theta[0], gamma = theta[1], p = theta[2];
    for (std::size_t i = 0; i < n; ++i) {
      const double d = in.value[0][i], dense = in.value[1][i];
      const double log_ratio = std::log(eps_up / dense);
      const double c = std::exp(log_ratio / gamma);
      const double top = d * d + p * p * c * c, bottom = d * d + p * p;
      const double log_quotient = std::log(top / bottom);
      y[i] = dense * std::exp(0.5 * gamma * log_quotient);
      if (!jacobian) continue;
      const double by_log_c = gamma * p * p * c * c / top;  // ∂log ε/∂log c
      jacobian[i] = y[i] * by_log_c / (gamma * eps_up);
      jacobian[n + i] = y[i] * (0.5 * log_quotient - by_log_c * log_ratio / (gamma * gamma));
      jacobian[2 * n + i] = y[i] * gamma * p * (c * c / top - 1 / bottom);
    }
  }
};

}  // namespace

std::shared_ptr<const Law> pruning() { return std::make_shared<Pruning>(); }

}  // namespace frugal::fit::laws
