#include "fit/schedule/rates.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace frugal::fit {

Rates::Rates(std::vector<Knot> knots) : knots_(std::move(knots)) {
  FRUGAL_ASSERT(!knots_.empty(), "learning rates without a knot");
  if (knots_.front().step > 0) {
    const Knot first = knots_.front();
    double rate = first.rate;
    if (knots_.size() > 1 && knots_[1].rate > first.rate) {
      const double slope = (knots_[1].rate - first.rate) / (knots_[1].step - first.step);
      rate = std::max(0.0, first.rate - slope * first.step);
    }
    knots_.insert(knots_.begin(), {0, rate});
  }
  for (std::size_t k = 0; k < knots_.size() && knots_[k].rate >= knots_[peak_knot_].rate; ++k)
    if (knots_[k].rate > knots_[peak_knot_].rate) peak_knot_ = k;
}

double Rates::peak() const {
  double peak = 0;
  for (const Knot& knot : knots_) peak = std::max(peak, knot.rate);
  return peak;
}

double Rates::at(double step) const {
  const auto above = std::upper_bound(knots_.begin(), knots_.end(), step,
                                      [](double value, const Knot& knot) { return value < knot.step; });
  if (above == knots_.begin()) return knots_.front().rate;
  if (above == knots_.end()) return knots_.back().rate;
  const Knot &a = *(above - 1), &b = *above;
  return a.rate + (b.rate - a.rate) * (step - a.step) / (b.step - a.step);
}

bool Rates::changes() const {
  constexpr double rounding = 1e-3;
  double low = knots_[peak_knot_].rate, high = low;
  for (std::size_t k = peak_knot_; k < knots_.size(); ++k) {
    low = std::min(low, knots_[k].rate);
    high = std::max(high, knots_[k].rate);
  }
  return high - low > rounding * high;
}

namespace {

// Calls visit(before, after, k, is_asked) for each piece of a straight line between knots k and k + 1;
// `after` of a piece that ends where a step is asked for is that step.
template <class Visit>
void pieces(const std::vector<Knot>& knots, std::span<const double> steps, const Visit& visit) {
  std::size_t next = 0;
  while (next < steps.size() && steps[next] <= knots.front().step) visit(0.0, 0.0, std::size_t{0}, next++);
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  for (std::size_t k = 0; k + 1 < knots.size() && next < steps.size(); ++k) {
    double at = knots[k].step;
    while (next < steps.size() && steps[next] <= knots[k + 1].step) {
      visit(at, steps[next], k, next);
      at = steps[next++];
    }
    if (at < knots[k + 1].step) visit(at, knots[k + 1].step, k, none);
  }
  FRUGAL_ASSERT(next == steps.size(), "a step beyond the last knot");
}

double slope_of(const std::vector<Knot>& knots, std::size_t k) {
  return knots.size() < 2 ? 0 : (knots[k + 1].rate - knots[k].rate) / (knots[k + 1].step - knots[k].step);
}

}  // namespace

std::vector<double> Rates::areas(std::span<const double> steps) const {
  std::vector<double> out(steps.size());
  double sum = 0;
  pieces(knots_, steps, [&](double from, double to, std::size_t k, std::size_t asked) {
    const double slope = slope_of(knots_, k), first = knots_[k].rate + slope * (from - knots_[k].step),
                 n = to - from;
    sum += n * first + slope * n * (n + 1) / 2;
    if (asked < out.size()) out[asked] = sum;
  });
  return out;
}

std::vector<double> Rates::annealed(std::span<const double> steps, double memory) const {
  std::vector<double> out(steps.size());
  const double forgotten = -std::expm1(-1 / memory), lambda = 1 - forgotten;
  double sum = 0, momentum = 0;
  pieces(knots_, steps, [&](double from, double to, std::size_t k, std::size_t asked) {
    const double n = to - from, fall = k < peak_knot_ ? 0 : -slope_of(knots_, k);
    const double left = std::exp(-n / memory);            // lambda^n
    const double kept = lambda * (1 - left) / forgotten;  // lambda + … + lambda^n
    sum += momentum * kept + fall / forgotten * (n - kept);
    momentum = momentum * left + fall * (1 - left) / forgotten;
    if (asked < out.size()) out[asked] = sum;
  });
  return out;
}

Rates Rates::simplified(std::span<const double> steps, double tolerance) const {
  const double allowed = tolerance * peak();
  std::vector<Knot> all = knots_;
  for (const double step : steps) all.push_back({step, at(step)});
  std::stable_sort(all.begin(), all.end(), [](const Knot& a, const Knot& b) { return a.step < b.step; });
  all.erase(
      std::unique(all.begin(), all.end(), [](const Knot& a, const Knot& b) { return a.step == b.step; }),
      all.end());
  std::vector<Knot> kept = {all.front()};
  // From each kept knot the longest line that no knot between strays from (Reumann, Witkam 1974): the slopes
  // that all of them allow narrow until none is left.
  double low = -INFINITY, high = INFINITY;
  std::size_t next_step = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Knot& last = kept.back();
    const double away = all[i].step - last.step, slope = (all[i].rate - last.rate) / away;
    while (next_step < steps.size() && steps[next_step] <= last.step) ++next_step;
    const bool passed = next_step < steps.size() && steps[next_step] < all[i].step;
    // The warm-up's end stays: the rise before it counts otherwise than what follows.
    const bool at_peak = all[i - 1].step == warmup_end();
    if (i > 1 && (passed || at_peak || slope < low || slope > high)) {
      kept.push_back(all[i - 1]);
      low = -INFINITY, high = INFINITY;
    }
    const double gap = all[i].step - kept.back().step, mean = (all[i].rate - kept.back().rate) / gap;
    low = std::max(low, mean - allowed / gap);
    high = std::min(high, mean + allowed / gap);
  }
  if (all.size() > 1) kept.push_back(all.back());
  return Rates(std::move(kept));
}

}  // namespace frugal::fit
