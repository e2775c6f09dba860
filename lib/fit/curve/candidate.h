// One law fitted to one learning curve, plainly or with a GP discrepancy around it.
#pragma once

#include <span>
#include <vector>

#include "fit/curve/curve_law.h"
#include "fit/curve/data.h"

namespace frugal::fit {

// No formula follows a learning curve exactly: its residuals drift slowly, and least squares that takes them
// for independent noise lets the far end of the curve outvote the end that is to be extrapolated. So
// ln y = law(t) + discrepancy(t) + noise, the discrepancy a Gaussian process (Kennedy, O'Hagan 2001) of
// Matérn 3/2 covariance τ² (1 + √3 r/ℓ) exp(−√3 r/ℓ), r the distance in ln x. Its once-differentiable paths
// carry the slope at the edge on for a while and then return to the law.
struct DiscrepancyKernel {
  double amplitude = 0;  // τ, in ln y; 0: none
  double length = 1;     // ℓ, in ln x
};

struct CurveCandidate {
  const CurveLaw* law = nullptr;
  bool with_discrepancy = false;
  bool averaged = false;  // part of the default prediction
  Theta theta;
  double weight = 0;
  double in_fit = 0;     // root mean square of ln y − law over the fitted points
  double hold_out = -1;  // root mean square over the hold-outs; −1 where there was none
  double gradient_norm = 0;
  double agreement = 0;  // share of the starts that ended at this optimum
  // The inverse of the covariance (of discrepancy and noise) times the residuals ln y − law; empty without
  // discrepancy.
  std::vector<double> discrepancy_weights;
  std::vector<double> published(double x_edge) const { return law->published(theta, x_edge); }
};

// Every law of the table plain, and those that the default averages with a discrepancy too. A hold-out leaves
// out the laws that are not averaged; their places keep a null law.
std::vector<CurveCandidate> fit_candidates(const CurveData& data, DiscrepancyKernel kernel,
                                           bool averaged_only = false);

// What the points scatter around the law that they follow best, its parameters counted. Only where that is
// less than chance would give, once in a thousand, if the noise were what it is taken for; else that noise.
double scatter_around_laws(const CurveData& data);

// ln y at every t, from a fit to points at data_t.
std::vector<double> predict_candidate(const CurveCandidate& candidate, std::span<const double> data_t,
                                      DiscrepancyKernel kernel, std::span<const double> t);

}  // namespace frugal::fit
