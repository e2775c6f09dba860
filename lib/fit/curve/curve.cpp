#include "fit/curve/curve.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fit/curve/fit.h"
#include "fit/numeric/statistics.h"

namespace frugal::fit {
namespace {

constexpr double octave = 0.6931471805599453;

struct HoldOut {
  std::size_t count;                        // hidden points that were scored
  double octaves;                           // how far beyond its edge it was scored, at most
  std::vector<std::vector<double>> misses;  // candidate by candidate, predicted − measured ln y
};

}  // namespace

Curve Curve::fit(std::span<const double> x, std::span<const double> y, const CurveOptions& options) {
  Curve curve;
  curve.options_ = options;
  curve.data_ = prepare_curve(x, y, options.most_points);
  const CurveData& data = curve.data_;
  curve.candidates_ = fit_candidates(data, options.discrepancy);

  std::vector<HoldOut> hold_outs;
  std::size_t kept_before = 0;
  for (const double octaves : options.hold_out_octaves) {
    std::size_t kept = 0;
    while (kept < data.t.size() && data.t[kept] <= -octaves * octave + 1e-9) ++kept;
    if (kept < 4 || kept == data.t.size() || kept == kept_before) continue;
    kept_before = kept;
    const CurveData part = curve_head(data, kept);
    std::vector<double> at, measured;
    for (std::size_t i = kept; i < data.t.size(); ++i) {
      const double t = data.t[i] - data.t[kept - 1];
      if (t > options.horizon_octaves * octave && !at.empty()) break;
      at.push_back(t);
      measured.push_back(data.log_y[i]);
    }
    HoldOut hold_out{at.size(), at.back() / octave, {}};
    for (const CurveCandidate& candidate : fit_candidates(part, options.discrepancy, true)) {
      if (!candidate.law) {
        hold_out.misses.emplace_back();
        continue;
      }
      std::vector<double> miss = predict_candidate(candidate, part, options.discrepancy, at);
      for (std::size_t i = 0; i < at.size(); ++i) miss[i] -= measured[i];
      hold_out.misses.push_back(std::move(miss));
    }
    hold_outs.push_back(std::move(hold_out));
  }

  const auto mean_square = [](const std::vector<double>& v) {
    double sum = 0;
    for (const double e : v) sum += e * e;
    return sum / double(v.size());
  };
  double total = 0;
  for (std::size_t c = 0; c < curve.candidates_.size(); ++c) {
    CurveCandidate& candidate = curve.candidates_[c];
    if (!candidate.averaged) continue;
    double square = 0;
    for (const HoldOut& h : hold_outs) square += mean_square(h.misses[c]) / double(hold_outs.size());
    if (!hold_outs.empty()) candidate.hold_out = std::sqrt(square);
    candidate.weight = 1 / std::sqrt(square + options.indifference * options.indifference);
    if (!std::isfinite(candidate.weight)) candidate.weight = 0;
    total += candidate.weight;
  }
  FRUGAL_ASSERT(total > 0, "no candidate could be fitted");
  for (CurveCandidate& candidate : curve.candidates_) candidate.weight /= total;

  // How far the average missed, an octave out, one degree of freedom a hold-out and one for the prior.
  double square = options.prior_miss * options.prior_miss;
  for (const HoldOut& h : hold_outs) {
    std::vector<double> miss(h.count, 0.0);
    for (std::size_t c = 0; c < h.misses.size(); ++c)
      for (std::size_t i = 0; i < h.misses[c].size(); ++i)
        miss[i] += curve.candidates_[c].weight * h.misses[c][i];
    square += mean_square(miss) / std::max(h.octaves, 0.5);
  }
  curve.miss_ = std::sqrt(square / double(1 + hold_outs.size()));
  return curve;
}

std::vector<double> Curve::log_predict(const CurveCandidate& candidate, std::span<const double> x) const {
  std::vector<double> t;
  for (const double value : x) {
    if (!(value > 0) || !std::isfinite(value))
      throw base::UserError("", "a learning curve predicts at x > 0, got " + std::to_string(value));
    t.push_back(std::log(value / data_.x_edge));
  }
  return predict_candidate(candidate, data_, options_.discrepancy, t);
}

std::vector<CurvePrediction> Curve::predict(std::span<const double> x, double coverage) const {
  FRUGAL_ASSERT(coverage > 0 && coverage < 1, "coverage lies in (0, 1)");
  std::vector<double> mean(x.size(), 0.0), square(x.size(), 0.0);
  for (const CurveCandidate& candidate : candidates_) {
    if (candidate.weight == 0) continue;
    const std::vector<double> log_y = log_predict(candidate, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      mean[i] += candidate.weight * log_y[i];
      square[i] += candidate.weight * log_y[i] * log_y[i];
    }
  }
  const double z = normal_quantile(0.5 + coverage / 2);
  std::vector<CurvePrediction> result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double beyond = std::max(0.0, std::log(x[i] / data_.x_edge) / octave);
    const double spread = std::max(0.0, square[i] - mean[i] * mean[i]);
    // The miss grows like the distance once it is more than an octave, like its root before.
    const double missed = miss_ * miss_ * std::max(beyond, beyond * beyond);
    const double deviation = std::sqrt(data_.noise * data_.noise + spread + missed);
    result[i] = {std::exp(mean[i]), std::exp(mean[i] - z * deviation), std::exp(mean[i] + z * deviation),
                 deviation};
  }
  return result;
}

const CurveCandidate* Curve::plain(std::string_view law) const {
  for (const CurveCandidate& candidate : candidates_)
    if (candidate.law->name == law && !candidate.with_discrepancy) return &candidate;
  return nullptr;
}

}  // namespace frugal::fit
