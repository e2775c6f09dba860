// Local minimisation of a Problem within bounds: damped Newton steps on the exact piecewise Hessian.
//
// Huber with δ = 1e-3 is nearly L1: at its minimum about as many runs as there are parameters lie within δ of
// the curve, and which ones is the whole question. So δ starts wide and narrows by steps ("continuation"),
// each solved from the last; with the right runs inside, Newton's method ends at rounding.
#pragma once

#include <vector>

#include "fit/law/objective.h"

namespace frugal::fit {

struct MinimiseOptions {
  int max_iterations = 200;  // at each δ
  // Stop at a predicted decrease below this share of the value.
  double tolerance = 1e-15;
  double narrowing = 0.2;   // factor on δ from one step of the continuation to the next
  double first_delta = -1;  // where it starts; negative: from the residuals at the start
};

struct Minimum {
  std::vector<double> theta;
  double value = 0;
  int iterations = 0;
  bool converged = false;
  // The decrease that a full Newton step within the bounds still predicts, relative to the value; and the
  // largest |gradient| over parameters that are free to move, each in its natural unit (see Problem),
  // relative to the value's own slope scale.
  double predicted_decrease = 0;
  double projected_gradient = 0;
};

class Minimiser {
 public:
  // lower[p] == upper[p] fixes a parameter.
  Minimiser(Problem& problem, std::vector<double> lower, std::vector<double> upper);

  const Minimum& run(const double* start, const MinimiseOptions& options);  // until the next run

  const std::vector<double>& lower() const { return lower_; }
  const std::vector<double>& upper() const { return upper_; }

 private:
  bool newton_step(double damping);
  double descend(double delta, double tolerance, int max_iterations);
  void certify(double delta);

  Problem* problem_;
  std::size_t p_;
  std::vector<double> lower_, upper_, theta_, trial_, gradient_, hessian_, scale_, step_, factor_, right_;
  std::vector<double> trial_gradient_, trial_hessian_, trial_scale_, residual_;
  std::vector<char> held_;
  double predicted_ = 0;
  bool converged_ = false;
  int iterations_ = 0;
  Minimum best_;
};

}  // namespace frugal::fit
