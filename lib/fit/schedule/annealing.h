// The annealing law of a training run (Tissue et al. 2024, arXiv 2408.11029): the loss at a step from the
// learning rates up to there,
//   L(s) = L0 + A S1(s)^-alpha - C S2(s)
// with the areas of fit/schedule/rates.h. Every checkpoint is data, so that a few runs predict other
// schedules and more steps. Fitted to ln L by weighted least squares (Huber's weights at three deviations,
// against spikes) from the best of a scan over alpha and memory with non-negative least squares inside; ln
// alpha and ln memory have wide priors.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fit/schedule/training_curve.h"

namespace frugal::fit {

struct AnnealingLaw {
  double floor = 0, scale = 0, alpha = 0, strength = 0, memory = 1;  // L0, A, alpha, C, steps

  double loss(double area, double annealed) const;
  std::array<double, 5> values() const { return {floor, scale, alpha, strength, memory}; }
  static AnnealingLaw of(const std::array<double, 5>& values);
};
// Names of the values, in their order, and what they mean.
struct AnnealingParameter {
  const char *name, *meaning;
};
const std::array<AnnealingParameter, 5>& annealing_parameters();
inline constexpr const char* annealing_formula = "L0 + A*S1^-alpha - C*S2";

// The checkpoints of a run that are fitted: neighbours averaged where there are very many, the areas at each.
struct SchedulePoints {
  std::string name;
  Rates rates;  // simplified
  std::vector<double> steps, log_loss, area;
  std::size_t of_run = 0;  // how many checkpoints the run had after its warm-up

  std::size_t count() const { return steps.size(); }
  SchedulePoints first(std::size_t count) const;  // the points before
};
// Without the warm-up, at most `most` points.
SchedulePoints points_of(const TrainingCurve& curve, std::size_t most = 200);

struct AnnealingMinimum {
  AnnealingLaw law;
  double square = 0;                           // mean square of the residuals of ln L, each times its weight
  std::vector<std::vector<double>> residuals;  // ln L - ln fitted, by run; NaN where a point is left out
  std::size_t count = 0;
};
// from: points at smaller S1 are left out. annealing: whether C may be above 0. start: where to descend from
// alone, instead of the scan.
AnnealingMinimum fit_annealing_law(const std::vector<SchedulePoints>& runs, double from, bool annealing,
                                   const AnnealingLaw* start = nullptr);

}  // namespace frugal::fit
