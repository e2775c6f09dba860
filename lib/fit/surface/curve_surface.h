// A learning curve as a surface of one variable: the average over laws of fit/curve/curve.h with its own
// interval.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fit/curve/curve.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

class CurveSurface final : public Surface {
 public:
  CurveSurface(Curve curve, std::string variable, Runs measured, int draws, std::uint64_t seed);
  // What earlier versions wrote holds no parameters: their runs are fitted again, and a note says so.
  static std::unique_ptr<Surface> read(const config::JsonNode& fit, const ReadOptions& options);

  const char* kind() const override { return "curve"; }
  void write(nlohmann::ordered_json& fit) const override;
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
