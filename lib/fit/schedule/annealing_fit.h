// A fit of the annealing law with how sure it is: refits to resampled residuals, blocks of neighbouring
// checkpoints at a time since they are not independent; and what the law missed where the ends of runs, and
// whole runs, were hidden.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fit/numeric/statistics.h"
#include "fit/schedule/annealing.h"
#include "fit/schedule/hidden.h"
#include "fit/schedule/resample.h"

namespace frugal::fit {

struct AnnealingFit {
  AnnealingLaw law;
  std::vector<AnnealingLaw> draws;
  AnnealingEffect effect = AnnealingEffect::fitted;
  double noise = 0;        // standard deviation of ln L of a checkpoint
  double correlation = 0;  // of neighbouring residuals
  std::size_t block = 1;   // checkpoints that are resampled together
  double from = 0;         // points at a smaller S1 are left out
  double misfit = 0;  // deviation of ln L that the law misses by; as much more for each factor e beyond in S1
  std::size_t misses = 0;  // hidden stretches that it was seen on
  double largest = 0;      // S1
  std::uint64_t seed = 0;
  std::vector<SchedulePoints> runs;
  std::vector<HiddenStretch> hidden;
  std::vector<std::string> notes;
};

struct AnnealingOptions {
  int draws = 400;
  std::uint64_t seed = 0;
};

// Errors: UserError with fewer than eight checkpoints after the warm-up.
AnnealingFit fit_annealing(const std::vector<TrainingCurve>& curves, const AnnealingOptions& options);

// What a checkpoint at each of the steps will give, its noise included. Errors: UserError where the rates
// change after the warm-up and the fit has seen none that do.
std::vector<Estimate> predict(const AnnealingFit& fit, const Rates& rates, std::span<const double> steps,
                              double coverage);
double beyond(const AnnealingFit& fit, const Rates& rates);  // S1 at its end over the largest that was fitted

}  // namespace frugal::fit
