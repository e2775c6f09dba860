#include "fit/curve_surface.h"

#include <array>
#include <cmath>

#include "fit/joint_surface.h"

namespace frugal::fit {

CurveSurface::CurveSurface(Curve curve, std::string variable, Measured measured, int draws,
                           std::uint64_t seed)
    : curve_(std::move(curve)),
      variable_(std::move(variable)),
      scores_(normal_scores(static_cast<std::size_t>(draws), seed)) {
  set_measured(std::move(measured));
  law_name = "learning curve";
}

double CurveSurface::error(const RunScale& scale, int draw, bool with_misfit) const {
  const std::array<double, 1> x = {scale.of(variable_)};
  const CurvePrediction prediction = curve_.predict(x).front();
  if (draw < 0 || !with_misfit) return prediction.y;
  return prediction.y * std::exp(scores_[static_cast<std::size_t>(draw)] * prediction.log_deviation);
}

}  // namespace frugal::fit
