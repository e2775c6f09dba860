// A learning curve as a surface of one variable: the average over laws of fit/curve/curve.h with its own
// interval.
#pragma once

#include <string>

#include "fit/curve/curve.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

class CurveSurface final : public Surface {
 public:
  CurveSurface(Curve curve, std::string variable, Runs measured, int draws, std::uint64_t seed);
  std::vector<std::string> variables() const override { return {variable_}; }
  int draws() const override { return static_cast<int>(scores_.size()); }
  double error(const RunScale& scale, int draw, bool with_misfit) const override;
  Estimate predict(const RunScale& scale, double coverage) const override;
  const Curve& curve() const { return curve_; }

 private:
  Curve curve_;
  std::string variable_;
  // A table of the prediction over ln x, for the draws alone: a plan asks for them tens of thousands of
  // times.
  std::vector<double> log_x_, log_y_, deviation_;
  std::vector<double> scores_;  // a draw is as far from the average everywhere, in its deviations
};

}  // namespace frugal::fit
