// What the laws of the form E + A/N^α + B/D^β share: parameters 0, 1, 2 are E, A, B, which are linear once
// the exponents are known; α and β may be one parameter.
#pragma once

#include <cmath>

#include "fit/law/law.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit::laws {

class TwoPowers : public Law {
 public:
  // Where theta holds the exponents of size and of data.
  TwoPowers(std::size_t size_exponent, std::size_t data_exponent)
      : size_exponent_(size_exponent), data_exponent_(data_exponent) {}

  std::vector<std::size_t> linear() const override { return {0, 1, 2}; }

  bool linearise(const double* theta, const Inputs& in, const double* y, double* basis, double* target,
                 double* scale) const override {
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

  bool from_units(double* theta, const double* log_unit) const override {
    theta[1] *= std::exp(theta[size_exponent_] * log_unit[0]);
    theta[2] *= std::exp(theta[data_exponent_] * log_unit[1]);
    return true;
  }
  void to_units(double* theta, const double* log_unit) const override {
    theta[1] *= std::exp(-theta[size_exponent_] * log_unit[0]);
    theta[2] *= std::exp(-theta[data_exponent_] * log_unit[1]);
  }

 private:
  std::size_t size_exponent_, data_exponent_;
};

}  // namespace frugal::fit::laws
