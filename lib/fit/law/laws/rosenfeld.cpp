// Laws of Rosenfeld and others: of size and data, and of pruning.
#include <algorithm>
#include <cmath>

#include "fit/law/laws.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit::laws {
namespace {

// Rosenfeld, Rosenfeld, Belinkov, Shavit 2020, "A Constructive Prediction of the Generalization Error Across
// Scales", equations 4 to 6: ε̃(m, n) = a n^-α + b m^-β + c∞ for small error, and an envelope that levels off
// at the error of a random guess, ε = ε₀ |ε̃/(ε̃ − iη)| = ε₀ ε̃/√(ε̃² + η²).
//
// (a, b, c∞, η) share a scale, so one of them is a convention; here η = ε₀, so that a, b and c∞ are in the
// units of the error and ε ≈ ε̃ where ε̃ is far below ε₀: ε = ε̃/√(1 + (ε̃/ε₀)²). Multiply a, b and c∞ by η/ε₀
// for another η. ε₀ is (classes − 1)/classes for balanced classes: fix it; for a loss it is free.
class Rosenfeld : public Law {
 public:
  Rosenfeld() {
    name = "rosenfeld";
    formula = "e/sqrt(1 + (e/eps0)^2), e = a/data^alpha + b/size^beta + c_inf";
    source = "Rosenfeld et al. 2020, eq. 4-6, with eta = eps0";
    variables = {variable::size, variable::data};
    parameters = {{"a", "coefficient of data", 0, 1e300, 1e-3, 1e4, true},
                  {"b", "coefficient of size", 0, 1e300, 1e-3, 1e4, true},
                  {"c_inf", "error of unlimited size and data", 0, 1e300, 1e-3, 1e1, true},
                  {"alpha", "exponent of data", 0, 3, 0.03, 2, true},
                  {"beta", "exponent of size", 0, 3, 0.03, 2, true},
                  {"eps0", "error of a random guess", 1e-6, 1e4, 0.05, 100, true}};
  }

  void evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const override {
    const std::size_t n = in.count;
    thread_local std::vector<double> scratch;
    if (!jacobian) scratch.resize(2 * n);
    double* of_data = jacobian ? jacobian : scratch.data();
    double* of_size = jacobian ? jacobian + n : scratch.data() + n;
    const double *log_size = in.log_value[0].data(), *log_data = in.log_value[1].data();
    vector_exp_scaled(-theta[3], log_data, of_data, n);
    vector_exp_scaled(-theta[4], log_size, of_size, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double e = theta[0] * of_data[i] + theta[1] * of_size[i] + theta[2];
      const double ratio = e / theta[5];
      const double q = 1 / (1 + ratio * ratio), root = std::sqrt(q);
      y[i] = e * root;
      if (!jacobian) continue;
      const double slope = q * root;  // dε/dε̃
      jacobian[3 * n + i] = -theta[0] * log_data[i] * of_data[i] * slope;
      jacobian[4 * n + i] = -theta[1] * log_size[i] * of_size[i] * slope;
      jacobian[5 * n + i] = ratio * ratio * ratio * slope;
      jacobian[2 * n + i] = slope;
      of_data[i] *= slope;
      of_size[i] *= slope;
    }
  }

  std::vector<std::size_t> linear() const override { return {0, 1, 2}; }

  bool linearise(const double* theta, const Inputs& in, const double* y, double* basis, double* target,
                 double* scale) const override {
    const std::size_t n = in.count;
    vector_exp_scaled(-theta[3], in.log_value[1].data(), basis, n);
    vector_exp_scaled(-theta[4], in.log_value[0].data(), basis + n, n);
    std::size_t beyond = 0;
    for (std::size_t i = 0; i < n; ++i) {
      // Runs at or above the plateau say no more than that they are there.
      const double share = std::min(y[i] / theta[5], 0.99);
      beyond += share >= 0.99;
      const double left = 1 - share * share;
      target[i] = share * theta[5] / std::sqrt(left);
      scale[i] = left * std::sqrt(left) / y[i];
    }
    return 2 * beyond < n;
  }

  bool from_units(double* theta, const double* log_unit) const override {
    theta[0] *= std::exp(theta[3] * log_unit[1]);
    theta[1] *= std::exp(theta[4] * log_unit[0]);
    return true;
  }
};

// Rosenfeld, Frankle, Carbin, Shavit 2021, "On the Predictability of Pruning Across Scales", equation 1:
// ε(d) = ε_np · |(d − jp (ε↑/ε_np)^(1/γ)) / (d − jp)|^γ, where d is the share of weights kept, ε_np the error
// of the same network before pruning, and ε↑ the error that pruning levels off at. With c = (ε↑/ε_np)^(1/γ),
// |d − jpc|² = d² + p²c².
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

std::shared_ptr<const Law> rosenfeld() { return std::make_shared<Rosenfeld>(); }
std::shared_ptr<const Law> pruning() { return std::make_shared<Pruning>(); }

}  // namespace frugal::fit::laws
