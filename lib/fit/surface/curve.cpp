#include "fit/surface/curve.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "fit/numeric/statistics.h"

namespace frugal::fit {

CurveSurface::CurveSurface(Curve curve, std::string variable, Runs measured, int draws, std::uint64_t seed)
    : curve_(std::move(curve)),
      variable_(std::move(variable)),
      scores_(normal_scores(static_cast<std::size_t>(draws), seed)) {
  set_measured(std::move(measured));
  law_name = "learning curve";
  // Fine around the runs, coarse towards the end of the world, where floors are read off.
  const double low = std::log(smallest().of(variable_)) - 7.5, fine = std::log(largest().of(variable_)) + 10;
  std::vector<double> x;
  for (double at = low; at < 139; at += at < fine ? 0.05 : 1.0) {
    log_x_.push_back(at);
    x.push_back(std::exp(at));
  }
  for (const CurvePrediction& prediction : curve_.predict(x)) {
    log_y_.push_back(std::log(prediction.y));
    deviation_.push_back(prediction.log_deviation);
  }
}

double CurveSurface::error(const RunScale& scale, int draw, bool with_misfit) const {
  if (draw < 0) {
    const std::array<double, 1> x = {scale.of(variable_)};
    return curve_.predict(x).front().y;
  }
  const double at = std::log(scale.of(variable_));
  const auto above = std::upper_bound(log_x_.begin() + 1, log_x_.end() - 1, at);
  const auto k = static_cast<std::size_t>(above - log_x_.begin());
  const double t = std::clamp((at - log_x_[k - 1]) / (log_x_[k] - log_x_[k - 1]), 0.0, 1.0);
  const double log_y = log_y_[k - 1] + t * (log_y_[k] - log_y_[k - 1]);
  if (!with_misfit) return std::exp(log_y);
  const double deviation = deviation_[k - 1] + t * (deviation_[k] - deviation_[k - 1]);
  return std::exp(log_y + scores_[static_cast<std::size_t>(draw)] * deviation);
}

Estimate CurveSurface::predict(const RunScale& scale, double coverage) const {
  const std::array<double, 1> x = {scale.of(variable_)};
  if (coverage <= 0) return estimate_of(curve_.predict(x).front().y, {}, 0);
  const CurvePrediction prediction = curve_.predict(x, coverage).front();
  return {prediction.y, prediction.lower, prediction.upper};
}

}  // namespace frugal::fit
