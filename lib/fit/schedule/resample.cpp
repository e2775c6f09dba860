#include "fit/schedule/resample.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace frugal::fit {

bool any_changes(const std::vector<SchedulePoints>& runs) {
  return std::any_of(runs.begin(), runs.end(), [](const SchedulePoints& run) {
    const Knot last = {run.steps.back(), run.rates.at(run.steps.back())};
    std::vector<Knot> seen;
    for (const Knot& knot : run.rates.knots())
      if (knot.step < last.step) seen.push_back(knot);
    seen.push_back(last);
    return Rates(seen).changes();
  });
}

double correlation_of(const std::vector<std::vector<double>>& residuals) {
  double square = 0, product = 0;
  for (const auto& run : residuals) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      if (std::isnan(run[i])) continue;
      square += run[i] * run[i];
      if (i > 0 && !std::isnan(run[i - 1])) product += run[i] * run[i - 1];
    }
  }
  return square > 0 ? std::clamp(product / square, 0.0, 0.95) : 0;
}

namespace {

// Of a block bootstrap, for residuals that follow an AR(1) process (Carlstein 1986).
std::size_t block_length(std::size_t count, double correlation) {
  const double factor = 2 * correlation / (1 - correlation * correlation);
  const double length = std::cbrt(static_cast<double>(count)) * std::pow(factor, 2.0 / 3);
  return static_cast<std::size_t>(
      std::clamp(std::ceil(length), 1.0, std::max(1.0, static_cast<double>(count) / 3)));
}

}  // namespace

std::size_t block_of(const Fitted& fitted) {
  return block_length(fitted.minimum.count / fitted.minimum.residuals.size(),
                      correlation_of(fitted.minimum.residuals));
}

// With annealing where the losses show it: twice the gain in log likelihood, of as many independent residuals
// as the correlated ones are worth, beyond the 95 % point of two parameters more.
Fitted fit_where_seen(const std::vector<SchedulePoints>& runs, double from) {
  constexpr double needed = 5.99;
  AnnealingMinimum without = fit_annealing_law(runs, from, false);
  if (!any_changes(runs)) return {std::move(without), AnnealingEffect::not_varied};
  AnnealingMinimum with = fit_annealing_law(runs, from, true);
  const double rho = correlation_of(with.residuals),
               worth = static_cast<double>(with.count) * (1 - rho) / (1 + rho),
               gain = worth * std::log(without.square / std::max(1e-300, with.square));
  if (gain < needed) return {std::move(without), AnnealingEffect::none_seen};
  return {std::move(with), AnnealingEffect::fitted};
}

std::vector<AnnealingLaw> resample(const std::vector<SchedulePoints>& given, const Fitted& fitted,
                                   double from, std::size_t block_wanted, std::uint64_t seed, int count) {
  const AnnealingMinimum& minimum = fitted.minimum;
  std::vector<AnnealingLaw> draws;
  std::vector<SchedulePoints> runs = given;
  std::vector<std::vector<double>> pool;  // of each run, what is fitted
  for (const auto& residuals : minimum.residuals) {
    pool.emplace_back();
    for (const double one : residuals)
      if (!std::isnan(one)) pool.back().push_back(one);
  }
  const std::uint64_t stream = base::derive_seed(seed, "fit/annealing");
  for (int draw = 0; draw < count; ++draw) {
    base::Random random(stream + static_cast<std::uint64_t>(draw));
    for (std::size_t k = 0; k < runs.size(); ++k) {
      const std::vector<double>& of_run = pool[k];
      const std::size_t first = runs[k].count() - of_run.size(),
                        block = std::min(block_wanted, of_run.size());
      for (std::size_t i = 0; i < of_run.size();) {
        std::size_t at = random.below(of_run.size() - block + 1);
        for (std::size_t j = 0; j < block && i < of_run.size(); ++j, ++i, ++at) {
          const double log_fitted = given[k].log_loss[first + i] - minimum.residuals[k][first + i];
          runs[k].log_loss[first + i] = log_fitted + of_run[at];
        }
      }
    }
    draws.push_back(
        fit_annealing_law(runs, from, fitted.effect == AnnealingEffect::fitted, &minimum.law).law);
  }
  return draws;
}

}  // namespace frugal::fit
