// Extrapolates a learning curve: one variable (examples, tokens, parameters, compute) against an error or a
// loss, from the part measured at small scale to larger x. One fixed default serves every curve:
//
//  0. The noise: what points scatter around the line through their neighbours, or around a law that follows
//     them far better than chance would, down to nothing. Where a law says it, laws that miss by more than
//     three times that lose weight by the square, and what 3. and 4. take for usual shrinks with it.
//  1. Seven laws (curve_law.h), each fitted to ln y twice: plainly, and with a GP discrepancy around it
//     (candidate.h), which lets the end of the curve count for more than its beginning.
//  2. Rolling hold-out: the largest x are hidden (x/√2, x/2, x/2√2), every candidate is fitted to the rest,
//     and predicts what was hidden.
//  3. The prediction is the average of ln y over the candidates, weighted by 1 / √(hold-out error² + 0.005²).
//     Choosing the best one instead is worse: a hold-out has one draw of the noise. So is weighting by the
//     square (tried inside the rows to fit of 72 curves: mean .0171 against .0162).
//  4. The interval: noise, the spread of the candidates, and how far the average itself missed on the
//     hold-outs, growing with ln(x / x_edge).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fit/curve/candidate.h"
#include "fit/curve/data.h"

namespace frugal::fit {

struct CurveOptions {
  DiscrepancyKernel discrepancy{0.06, 2.0};
  std::vector<double> hold_out_octaves{0.5, 1.0, 1.5};  // hidden: x > x_edge 2^-octaves
  double horizon_octaves = 1.1;                         // a hold-out is scored this far beyond its own edge
  double indifference = 0.005;                          // see 3.
  std::size_t most_points = 64;                         // more are averaged in cells of ln x
  double prior_miss = 0.02;  // relative error an octave beyond the edge, before any hold-out was seen
};

struct CurvePrediction {
  double y = 0, lower = 0, upper = 0;  // in the units of the data
  double log_deviation = 0;            // standard deviation of ln y
};

// Points that a rolling hold-out hid, as the average predicted them from the others.
struct CurveHoldOut {
  std::size_t fitted = 0;
  std::vector<double> x, measured, predicted;
};

class Curve {
 public:
  // x and y in any order, of equal length. UserError where fewer than three distinct x > 0 with y > 0 remain.
  static Curve fit(std::span<const double> x, std::span<const double> y, const CurveOptions& options = {});

  // A curve that was fitted before, from what its predictions need: of the data t, x_edge and noise; of the
  // candidates law, theta, weight and discrepancy_weights; its hold_out_miss.
  static Curve restore(CurveData data, DiscrepancyKernel discrepancy, std::vector<CurveCandidate> candidates,
                       double hold_out_miss);

  // One prediction an x > 0; coverage in (0, 1) is that of the interval.
  std::vector<CurvePrediction> predict(std::span<const double> x, double coverage = 0.95) const;
  // ln y of one candidate alone.
  std::vector<double> log_predict(const CurveCandidate& candidate, std::span<const double> x) const;
  // The plain fit of a law of the table; null where the law is not fitted.
  const CurveCandidate* plain(std::string_view law) const;

  const CurveData& data() const { return data_; }
  const std::vector<CurveCandidate>& candidates() const { return candidates_; }
  const std::vector<CurveHoldOut>& hold_outs() const {
    return hold_outs_;
  }  // of a fit, not of a restored one
  DiscrepancyKernel discrepancy() const { return discrepancy_; }
  double hold_out_miss() const { return miss_; }  // of the average, relative, an octave beyond the edge

 private:
  CurveData data_;
  DiscrepancyKernel discrepancy_;
  std::vector<CurveCandidate> candidates_;
  std::vector<CurveHoldOut> hold_outs_;
  double miss_ = 0;
};

}  // namespace frugal::fit
