// Stretches of runs that are hidden and predicted by the annealing law from the rest: how far it misses, and
// where its fit had better start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fit/schedule/annealing.h"

namespace frugal::fit {

// A stretch of one run that was hidden and predicted from everything else.
struct HiddenStretch {
  std::string run;
  bool whole = false;  // the run, else its end
  double beyond = 1;   // its largest S1 over the largest that was fitted
  std::vector<double> steps, measured, predicted;
  double explained = 0;  // variance of log_miss that the noise of what was fitted explains
  double log_miss =
      0;  // median of ln predicted - ln measured in its last quarter: ends are what is asked for
};

inline constexpr std::size_t least_points = 8;  // of a fit

// The end of every run hidden at once, then each run by itself where the others can say what it needs.
std::vector<HiddenStretch> hide(const std::vector<SchedulePoints>& runs, double from, std::uint64_t seed);

// The S1 before which points are left out, since hidden ends are then missed by less: 0, or a share of the
// longest run's, for early training follows no power law yet.
double choose_start(const std::vector<SchedulePoints>& runs);

double largest_area(const std::vector<SchedulePoints>& runs);
std::size_t points_from(const std::vector<SchedulePoints>& runs, double from);  // how many are not left out

}  // namespace frugal::fit
