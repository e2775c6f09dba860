#include "fit/decide/deployment.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fit/decide/decide.h"
#include "fit/numeric/brent.h"

namespace frugal::fit {
namespace {

// Total costs of models that reach one target.
class Lifetime {
 public:
  Lifetime(const Surface& surface, const Cost& cost, const Expression& inference, double tokens,
           double target)
      : surface_(surface), cost_(cost), inference_(inference), tokens_(tokens), target_(target) {}

  // The data that takes a model of this size to the target: falling in data, so a bracket in ln D closes on
  // it.
  double data_needed(double size, int draw) const {
    double low = std::log(surface_.smallest().data) - 14, high = std::log(surface_.largest().data) + 60;
    const auto missing = [&](double log_data) {
      return std::log(surface_.error(split_scale(surface_, size, std::exp(log_data)), draw, false) / target_);
    };
    if (!(missing(high) <= 0)) return infinite;
    double f_low = missing(low), f_high = missing(high);
    if (f_low <= 0) return std::exp(low);
    // Illinois: false position that halves the weight of an end that stays.
    for (int i = 0; i < 80 && high - low > 1e-9; ++i) {
      double middle = (low * f_high - high * f_low) / (f_high - f_low);
      if (!(middle > low && middle < high) || i % 4 == 3) middle = (low + high) / 2;
      const double f = missing(middle);
      if (f <= 0) {
        high = middle;
        f_high = f;
        f_low *= 0.5;
      } else {
        low = middle;
        f_low = f;
        f_high *= 0.5;
      }
      if (f == 0) break;
    }
    return std::exp(high);
  }

  double use(double size) const {
    return inference_.value(std::vector<double>{size, size, size}, {}) * tokens_;
  }

  // The size (its logarithm) of the least cost (likewise), of training alone or with use.
  MinimumAlong cheapest(int draw, bool with_use, SizeRange range, double tolerance) const {
    const auto total = [&](double log_size) {
      const double size = std::exp(log_size), data = data_needed(size, draw);
      if (!std::isfinite(data)) return infinite;
      return std::log(cost_(size, data) + (with_use ? use(size) : 0));
    };
    MinimumAlong coarse;
    constexpr int looks = 40;
    for (int i = 0; i <= looks; ++i) {
      const double at = range.low + (range.high - range.low) * i / looks, value = total(at);
      if (value < coarse.value) coarse = {at, value};
    }
    if (!std::isfinite(coarse.value)) return coarse;
    const double width = (range.high - range.low) / looks;
    return brent(total, std::max(range.low, coarse.at - width), std::min(range.high, coarse.at + width),
                 tolerance);
  }

 private:
  const Surface& surface_;
  const Cost& cost_;
  const Expression& inference_;
  double tokens_, target_;
};

}  // namespace

std::optional<Deployment> overtrain(const Surface& surface, const Cost& cost, const Expression& inference,
                                    double tokens, double target, double coverage) {
  require_joint(surface);
  const Lifetime life(surface, cost, inference, tokens, target);
  const SizeRange range = size_range(surface);
  const MinimumAlong best = life.cheapest(Surface::estimate, true, range, 1e-6);
  if (!std::isfinite(best.value)) return std::nullopt;
  const MinimumAlong plain = life.cheapest(Surface::estimate, false, range, 1e-6);
  const double size = std::exp(best.at), data = life.data_needed(size, Surface::estimate);
  Deployment out;
  out.target = target;
  out.tokens = tokens;
  out.optimal_size = std::exp(plain.at);
  out.optimal_data = life.data_needed(out.optimal_size, Surface::estimate);
  out.optimal_lifetime_cost = cost(out.optimal_size, out.optimal_data) + life.use(out.optimal_size);
  std::vector<double> sizes, amounts, training, lifetime;
  for (int draw = 0; draw < surface.draws(); draw += draw_stride(surface)) {
    const MinimumAlong other = life.cheapest(draw, true, {best.at - 3, best.at + 3}, 1e-3);
    if (!std::isfinite(other.value)) {
      for (auto* values : {&sizes, &amounts, &training, &lifetime}) values->push_back(infinite);
      continue;
    }
    sizes.push_back(std::exp(other.at));
    amounts.push_back(life.data_needed(sizes.back(), draw));
    training.push_back(cost(sizes.back(), amounts.back()));
    lifetime.push_back(std::exp(other.value));
  }
  out.size = estimate_of(size, std::move(sizes), coverage);
  out.data = estimate_of(data, std::move(amounts), coverage);
  out.training_cost = estimate_of(cost(size, data), std::move(training), coverage);
  out.lifetime_cost = estimate_of(std::exp(best.value), std::move(lifetime), coverage);
  return out;
}

}  // namespace frugal::fit
