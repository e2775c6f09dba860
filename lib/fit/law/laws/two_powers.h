// The form E + A/N^α + B/D^β: parameters 0, 1, 2 are E, A, B, which are linear once the exponents are known;
// α and β may be one parameter. Chinchilla and overtraining are this and no more.
#pragma once

#include <cstddef>
#include <vector>

#include "fit/law/law.h"

namespace frugal::fit::laws {

class TwoPowers : public Law {
 public:
  // Where theta holds the exponents of size and of data.
  TwoPowers(std::size_t size_exponent, std::size_t data_exponent)
      : size_exponent_(size_exponent), data_exponent_(data_exponent) {}

  void evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const override;
  // By differences where the exponents are one parameter.
  bool add_curvature(const double* theta, const Inputs& in, const double* jacobian, const double* v,
                     double* hessian) const override;
  std::vector<std::size_t> linear() const override { return {0, 1, 2}; }
  bool linearise(const double* theta, const Inputs& in, const double* y, double* basis, double* target,
                 double* scale) const override;
  bool from_units(double* theta, const double* log_unit) const override;
  void to_units(double* theta, const double* log_unit) const override;

 private:
  std::size_t size_exponent_, data_exponent_;
};

}  // namespace frugal::fit::laws
