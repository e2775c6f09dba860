#include "fit/schedule/annealing_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace frugal::fit {
namespace {

using base::UserError;

constexpr std::size_t usual_misses = 2;

// Of a deviation that few misses tell: Student's t with as many degrees of freedom.
std::vector<double> student_scores(std::size_t count, std::size_t misses, std::uint64_t seed) {
  std::vector<double> scores = normal_scores(count, seed);
  base::Random random(seed, "fit/annealing/misfit");
  for (double& score : scores) {
    double square = 0;
    const std::size_t freedom = misses + usual_misses;
    for (std::size_t k = 0; k < freedom; ++k) square += std::pow(random.normal(), 2);
    score *= std::sqrt(static_cast<double>(freedom) / square);
  }
  return scores;
}

void add_notes(AnnealingFit& fit, const std::vector<TrainingCurve>& curves) {
  std::size_t warm_up = 0, all = 0, used = 0;
  for (std::size_t k = 0; k < curves.size(); ++k) {
    all += curves[k].steps.size();
    warm_up += curves[k].steps.size() - fit.runs[k].of_run;
    used += fit.runs[k].count();
  }
  if (warm_up > 0)
    fit.notes.push_back(fmt::format("{} of {} checkpoints lie in a warm-up and are left out", warm_up, all));
  if (used < all - warm_up)
    fit.notes.push_back(fmt::format("{} checkpoints are averaged to {} points", all - warm_up, used));
  if (const std::size_t early = used - points_from(fit.runs, fit.from); early > 0)
    fit.notes.push_back(fmt::format(
        "{} early points (S1 below {:.3g}) are left out: without them the hidden ends of the runs are "
        "predicted better",
        early, fit.from));
  if (fit.effect == AnnealingEffect::not_varied)
    fit.notes.push_back(
        "the learning rate is constant after the warm-up: what annealing gains (C) is not identified, and "
        "only constant "
        "schedules are predicted; one run whose rate comes down would say it");
  if (fit.effect == AnnealingEffect::none_seen)
    fit.notes.push_back("the losses do not show that the schedule has an effect: C = 0");
  std::vector<double> floors;
  double least = INFINITY;
  for (const AnnealingLaw& draw : fit.draws) floors.push_back(draw.floor);
  for (const SchedulePoints& run : fit.runs)
    least = std::min(least, std::exp(*std::min_element(run.log_loss.begin(), run.log_loss.end())));
  if (estimate_of(fit.law.floor, std::move(floors), 0.95).low < 0.01 * least)
    fit.notes.push_back(
        "the floor L0 is not identified: 0 explains the checkpoints too; far beyond them the law's "
        "power alone is followed");
  if (fit.misses == 0)
    fit.notes.push_back("too few checkpoints to hide some: the interval rests on how the others scatter");
  if (fit.effect == AnnealingEffect::fitted && fit.runs.size() == 1)
    fit.notes.push_back(
        "one run: what its length and what its schedule did is told apart by the shape of its curve alone; a "
        "run with "
        "another schedule would make it sure");
}

}  // namespace

AnnealingFit fit_annealing(const std::vector<TrainingCurve>& curves, const AnnealingOptions& options) {
  AnnealingFit fit;
  fit.seed = options.seed;
  std::vector<TrainingCurve> used;
  for (const TrainingCurve& curve : curves) {
    SchedulePoints points = points_of(curve);
    if (points.count() == 0) {
      fit.notes.push_back(
          fmt::format("run '{}' has no checkpoint after its warm-up and is left out", curve.name));
      continue;
    }
    fit.runs.push_back(std::move(points));
    used.push_back(curve);
  }
  const std::size_t count = points_from(fit.runs, 0);
  if (count < least_points)
    throw UserError(
        "", fmt::format("{} checkpoints after the warm-up are too few: the law has five parameters", count),
        fmt::format("at least {}, better some dozens, of runs with different schedules", least_points));
  fit.largest = largest_area(fit.runs);
  if (!std::isfinite(fit.largest))
    throw UserError("", "the learning rates of a run add up to no finite number", "is it the right column?");
  fit.from = choose_start(fit.runs);
  const Fitted fitted = fit_where_seen(fit.runs, fit.from);
  const AnnealingMinimum& minimum = fitted.minimum;
  fit.law = minimum.law;
  fit.effect = fitted.effect;
  fit.correlation = correlation_of(minimum.residuals);
  const double parameters = fit.effect == AnnealingEffect::fitted ? 5 : 3,
               count_fitted = double(minimum.count);
  fit.noise = std::sqrt(minimum.square * count_fitted / std::max(1.0, count_fitted - parameters));
  fit.block = block_of(fitted);
  fit.draws = resample(fit.runs, fitted, fit.from, fit.block, fit.seed, options.draws);
  fit.hidden = hide(fit.runs, fit.from, fit.seed);
  // Before any miss was seen, the misfit is taken to be about the noise.
  double square_sum = usual_misses * fit.noise * fit.noise, reach = usual_misses;
  for (const HiddenStretch& one : fit.hidden) {
    square_sum += std::max(0.0, one.log_miss * one.log_miss - one.explained);
    reach += std::pow(std::log(std::max(1.0, one.beyond)) + 1, 2);
  }
  fit.misfit = std::sqrt(square_sum / reach);
  fit.misses = fit.hidden.size();
  add_notes(fit, used);
  return fit;
}

double beyond(const AnnealingFit& fit, const Rates& rates) {
  const double end = rates.end();
  return rates.areas({&end, 1}).front() / fit.largest;
}

std::vector<Estimate> predict(const AnnealingFit& fit, const Rates& rates, std::span<const double> steps,
                              double coverage) {
  if (fit.effect == AnnealingEffect::not_varied && rates.changes())
    throw UserError(
        "",
        "the fit has seen constant learning rates alone: it cannot say what a schedule that changes gives",
        "fit a run whose rate comes down too, or ask for a constant schedule");
  const std::vector<double> area = rates.areas(steps);
  std::vector<std::vector<double>> values(steps.size());
  const std::vector<double> misfit_score = student_scores(fit.draws.size(), fit.misses, fit.seed),
                            noise_score = normal_scores(fit.draws.size(), fit.seed + 1);
  const auto log_losses = [&](const AnnealingLaw& law) {
    const std::vector<double> annealed = rates.annealed(steps, law.memory);
    std::vector<double> out;
    for (std::size_t i = 0; i < steps.size(); ++i)
      out.push_back(std::log(std::max(1e-300, law.loss(area[i], annealed[i]))));
    return out;
  };
  for (std::size_t d = 0; d < fit.draws.size(); ++d) {
    const std::vector<double> log_loss = log_losses(fit.draws[d]);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const double misfit = fit.misfit * (1 + std::log(std::max(1.0, area[i] / fit.largest)));
      values[i].push_back(std::exp(log_loss[i] + misfit_score[d] * misfit + noise_score[d] * fit.noise));
    }
  }
  std::vector<Estimate> out;
  const std::vector<double> log_loss = log_losses(fit.law);
  for (std::size_t i = 0; i < steps.size(); ++i)
    out.push_back(estimate_of(std::exp(log_loss[i]), std::move(values[i]), coverage));
  return out;
}

}  // namespace frugal::fit
