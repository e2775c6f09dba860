// What a fit minimises: Σ wᵢ ρ(rᵢ), *summed* over the runs. (The mean makes an optimiser with an absolute
// tolerance stop early; that is the error in the published fit of Hoffmann et al. 2022, found by Besiroglu
// et al. 2024.)
//   residual r:  log: log ŷ − log y;  relative: (ŷ − y)/y (Rosenfeld et al. 2020);  absolute: ŷ − y
//   loss ρ:      Huber: r²/2 for |r| <= δ, δ(|r| − δ/2) beyond;  δ infinite: r²/2
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "fit/law/law.h"

namespace frugal::fit {

enum class Residual { log, relative, absolute };

struct Objective {
  Residual residual = Residual::log;
  double huber_delta = 1e-3;  // infinity: least squares
  // Factor on the loss of runs above the curve (y > ŷ). Below 1 where a run that was trained too little or
  // badly tuned can only be too high, so that the law is the lower edge of what was reached.
  double above_weight = 1;

  static Objective huber(double delta = 1e-3) { return {Residual::log, delta, 1}; }
  static Objective log_squared() { return {Residual::log, std::numeric_limits<double>::infinity(), 1}; }
  static Objective relative_squared() {
    return {Residual::relative, std::numeric_limits<double>::infinity(), 1};
  }
};

// One law, one set of runs, one objective, and the room that evaluating it needs: no allocation afterwards.
// The law and the inputs must outlive it. Not for two threads at once.
class Problem {
 public:
  Problem(const Law& law, const Inputs& inputs, std::vector<double> y, std::vector<double> weight,
          const Objective& objective);

  std::size_t parameter_count() const { return parameters_; }
  std::size_t count() const { return count_; }
  const Objective& objective() const { return objective_; }
  const Law& law() const { return *law_; }
  const Inputs& inputs() const { return *inputs_; }
  const std::vector<double>& y() const { return y_; }
  const std::vector<double>& weight() const { return weight_; }

  void set_y(const double* y);            // count() values
  void set_weight(const double* weight);  // count() values

  // Value alone; infinity where ŷ is not finite, or not positive for log residuals.
  double value(const double* theta, double huber_delta);
  // Value, gradient [p] and Hessian [p·p] (exact within a piece of ρ) at theta. scale[p] is the diagonal of
  // the Gauss-Newton matrix with every weight at its quadratic value: the natural unit of each parameter.
  double derivatives(const double* theta, double huber_delta, double* gradient, double* hessian,
                     double* scale);
  // Residuals r at theta, [count()].
  void residuals(const double* theta, double* out);

 private:
  double losses(double huber_delta, bool with_derivatives);
  void difference_curvature(const double* theta, double* hessian);

  const Law* law_;
  const Inputs* inputs_;
  std::size_t count_, parameters_;
  Objective objective_;
  std::vector<double> y_, log_y_, weight_;
  // ŷ, r, loss; first and second derivative of the summed loss by ŷ; weight of the natural unit
  std::vector<double> predicted_, residual_, loss_, first_, second_, natural_;
  std::vector<double> jacobian_, other_jacobian_, product_, other_y_, moved_;
};

// Gradient of the summed loss is computed through these; a test compares them with differences.
double huber(double r, double delta);

}  // namespace frugal::fit
