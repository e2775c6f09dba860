#include "fit/curve/curve.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/numeric/statistics.h"

namespace frugal::fit {
namespace {

constexpr double octave = 0.6931471805599453;
constexpr double least_noise = 1e-9;

// What is expected of quiet curves: they are weighted and bounded by their noise.
double at_most(double usual, double noise) { return usual * std::min(1.0, noise / 0.003); }

// The largest x were hidden, and every candidate predicted them.
struct HiddenTail {
  std::size_t kept;                         // points that were fitted
  std::size_t count;                        // hidden points that were scored
  double octaves;                           // how far beyond its edge it was scored, at most
  std::vector<std::vector<double>> misses;  // candidate by candidate, predicted − measured ln y
};

double mean_square(const std::vector<double>& v) {
  double sum = 0;
  for (const double e : v) sum += e * e;
  return sum / double(v.size());
}

// Points seem to scatter where a curve bends between them. A law that misses by far less knows better, the
// more so the less its priors count: a law that holds exactly leaves nothing.
bool settle_noise(CurveData& data) {
  for (int round = 0; round < 8; ++round) {
    const double scatter = std::max(least_noise, scatter_around_laws(data));
    if (scatter >= data.noise) return round > 0;
    data.noise = scatter;
  }
  return true;
}

HiddenTail predict_tail(const CurveData& data, std::size_t kept, bool settled, const CurveOptions& options) {
  CurveData head = curve_head(data, kept);
  if (settled) settle_noise(head);
  std::vector<double> at, measured;
  for (std::size_t i = kept; i < data.t.size(); ++i) {
    const double t = data.t[i] - data.t[kept - 1];
    if (t > options.horizon_octaves * octave && !at.empty()) break;
    at.push_back(t);
    measured.push_back(data.log_y[i]);
  }
  HiddenTail tail{kept, at.size(), at.back() / octave, {}};
  for (const CurveCandidate& candidate : fit_candidates(head, options.discrepancy, true)) {
    std::vector<double> miss;
    if (candidate.law != nullptr) {
      miss = predict_candidate(candidate, head.t, options.discrepancy, at);
      for (std::size_t i = 0; i < at.size(); ++i) miss[i] -= measured[i];
    }
    tail.misses.push_back(std::move(miss));
  }
  return tail;
}

std::vector<HiddenTail> hide_tails(const CurveData& data, bool settled, const CurveOptions& options) {
  std::vector<HiddenTail> tails;
  std::size_t kept_before = 0;
  for (const double octaves : options.hold_out_octaves) {
    std::size_t kept = 0;
    while (kept < data.t.size() && data.t[kept] <= -octaves * octave + 1e-9) ++kept;
    if (kept < 4 || kept == data.t.size() || kept == kept_before) continue;
    kept_before = kept;
    tails.push_back(predict_tail(data, kept, settled, options));
  }
  return tails;
}

// Where a law says what the noise is, one that misses by much more does not hold.
double trust(const CurveCandidate& candidate, double noise) {
  constexpr double usual = 3;
  return std::min(1.0, std::pow(usual * noise / candidate.in_fit, 2));
}

void set_weights(std::vector<CurveCandidate>& candidates, const std::vector<HiddenTail>& tails,
                 double indifference, double noise, bool settled) {
  double total = 0;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    CurveCandidate& candidate = candidates[c];
    if (!candidate.averaged) continue;
    double square = 0;
    for (const HiddenTail& tail : tails) square += mean_square(tail.misses[c]) / double(tails.size());
    if (!tails.empty()) candidate.hold_out = std::sqrt(square);
    candidate.weight = 1 / std::sqrt(square + indifference * indifference);
    if (settled) candidate.weight *= trust(candidate, noise);
    if (!std::isfinite(candidate.weight)) candidate.weight = 0;
    total += candidate.weight;
  }
  FRUGAL_ASSERT(total > 0, "no candidate could be fitted");
  for (CurveCandidate& candidate : candidates) candidate.weight /= total;
}

// What the average missed of each hidden point.
std::vector<double> average_misses(const std::vector<CurveCandidate>& candidates, const HiddenTail& tail) {
  std::vector<double> miss(tail.count, 0.0);
  for (std::size_t c = 0; c < tail.misses.size(); ++c)
    for (std::size_t i = 0; i < tail.misses[c].size(); ++i)
      miss[i] += candidates[c].weight * tail.misses[c][i];
  return miss;
}

// How far the average missed, an octave out, one degree of freedom a hold-out and one for the prior.
double average_miss(const std::vector<CurveCandidate>& candidates, const std::vector<HiddenTail>& tails,
                    double prior_miss) {
  double square = prior_miss * prior_miss;
  for (const HiddenTail& tail : tails)
    square += mean_square(average_misses(candidates, tail)) / std::max(tail.octaves, 0.5);
  return std::sqrt(square / double(1 + tails.size()));
}

}  // namespace

Curve Curve::fit(std::span<const double> x, std::span<const double> y, const CurveOptions& options) {
  Curve curve;
  curve.discrepancy_ = options.discrepancy;
  curve.data_ = prepare_curve(x, y, options.most_points);
  const bool settled = settle_noise(curve.data_);
  curve.candidates_ = fit_candidates(curve.data_, options.discrepancy);
  const std::vector<HiddenTail> tails = hide_tails(curve.data_, settled, options);
  set_weights(curve.candidates_, tails, at_most(options.indifference, curve.data_.noise), curve.data_.noise,
              settled);
  for (const HiddenTail& tail : tails) {
    CurveHoldOut one{tail.kept, {}, {}, {}};
    const std::vector<double> miss = average_misses(curve.candidates_, tail);
    for (std::size_t i = 0; i < tail.count; ++i) {
      one.x.push_back(curve.data_.x_edge * std::exp(curve.data_.t[tail.kept + i]));
      one.measured.push_back(std::exp(curve.data_.log_y[tail.kept + i]));
      one.predicted.push_back(std::exp(curve.data_.log_y[tail.kept + i] + miss[i]));
    }
    curve.hold_outs_.push_back(std::move(one));
  }
  curve.miss_ = average_miss(curve.candidates_, tails, at_most(options.prior_miss, curve.data_.noise));
  return curve;
}

Curve Curve::restore(CurveData data, DiscrepancyKernel discrepancy, std::vector<CurveCandidate> candidates,
                     double hold_out_miss) {
  Curve curve;
  curve.data_ = std::move(data);
  curve.discrepancy_ = discrepancy;
  curve.candidates_ = std::move(candidates);
  curve.miss_ = hold_out_miss;
  return curve;
}

std::vector<double> Curve::log_predict(const CurveCandidate& candidate, std::span<const double> x) const {
  std::vector<double> t;
  for (const double value : x) {
    if (!(value > 0) || !std::isfinite(value))
      throw base::UserError("", "a learning curve predicts at x > 0, got " + std::to_string(value));
    t.push_back(std::log(value / data_.x_edge));
  }
  return predict_candidate(candidate, data_.t, discrepancy_, t);
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
