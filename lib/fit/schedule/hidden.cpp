#include "fit/schedule/hidden.h"

#include <algorithm>
#include <cmath>

#include "fit/numeric/statistics.h"
#include "fit/schedule/resample.h"

namespace frugal::fit {

double largest_area(const std::vector<SchedulePoints>& runs) {
  double largest = 0;
  for (const SchedulePoints& run : runs) largest = std::max(largest, run.area.back());
  return largest;
}

std::size_t points_from(const std::vector<SchedulePoints>& runs, double from) {
  std::size_t count = 0;
  for (const SchedulePoints& run : runs)
    count += static_cast<std::size_t>(
        std::count_if(run.area.begin(), run.area.end(), [&](double a) { return a >= from; }));
  return count;
}

namespace {

// Shares of the longest run's S1 before which points may be left out: early training follows no power law
// yet.
constexpr double starts_at[] = {0, 0.05, 0.1, 0.2};
constexpr double equal_misses = 1e-3;  // of ln L: that is no reason to leave points out

constexpr double end_share = 2.0 / 3;

// Runs whose last points, beyond `share` of the largest S1, are hidden; too short ones stay as they are.
std::vector<SchedulePoints> without_ends(const std::vector<SchedulePoints>& runs, double share) {
  std::vector<SchedulePoints> out;
  for (const SchedulePoints& run : runs) {
    const double edge = share * run.area.back();
    const auto kept =
        static_cast<std::size_t>(std::upper_bound(run.area.begin(), run.area.end(), edge) - run.area.begin());
    out.push_back(kept >= least_points ? run.first(kept) : run);
  }
  return out;
}

HiddenStretch predicted_stretch(const SchedulePoints& run, std::size_t first, const AnnealingLaw& law,
                                double largest) {
  HiddenStretch out;
  out.run = run.name;
  out.whole = first == 0;
  out.beyond = run.area.back() / largest;
  out.steps.assign(run.steps.begin() + static_cast<std::ptrdiff_t>(first), run.steps.end());
  const std::vector<double> annealed = run.rates.annealed(out.steps, law.memory);
  for (std::size_t i = 0; i < out.steps.size(); ++i) {
    const double log_predicted = std::log(std::max(1e-300, law.loss(run.area[first + i], annealed[i])));
    out.predicted.push_back(std::exp(log_predicted));
    out.measured.push_back(std::exp(run.log_loss[first + i]));
  }
  const std::size_t last = (out.steps.size() + 3) / 4;
  std::vector<double> misses;
  for (std::size_t i = out.steps.size() - last; i < out.steps.size(); ++i)
    misses.push_back(std::log(out.predicted[i] / out.measured[i]));
  std::sort(misses.begin(), misses.end());
  out.log_miss = sorted_quantile(misses, 0.5);
  return out;
}

// A stretch with the variance of its miss that the noise of what was fitted explains.
HiddenStretch judged_stretch(const SchedulePoints& run, std::size_t first,
                             const std::vector<SchedulePoints>& others, const Fitted& fitted, double from,
                             std::uint64_t seed) {
  constexpr int refits = 40;
  HiddenStretch out = predicted_stretch(run, first, fitted.minimum.law, largest_area(others));
  for (const AnnealingLaw& draw : resample(others, fitted, from, block_of(fitted), seed, refits)) {
    const double away = predicted_stretch(run, first, draw, 1).log_miss - out.log_miss;
    out.explained += away * away / refits;
  }
  return out;
}

// How far hidden ends are missed when points before `from` are left out.
double miss_of_ends(const std::vector<SchedulePoints>& runs, double from) {
  const std::vector<SchedulePoints> kept = without_ends(runs, end_share);
  const Fitted fitted = fit_where_seen(kept, from);
  double square = 0, count = 0;
  for (std::size_t k = 0; k < runs.size(); ++k) {
    if (kept[k].count() == runs[k].count()) continue;
    const double miss =
        predicted_stretch(runs[k], kept[k].count(), fitted.minimum.law, largest_area(kept)).log_miss;
    square += miss * miss;
    count += 1;
  }
  return count > 0 ? std::sqrt(square / count) : 0;
}

}  // namespace

double choose_start(const std::vector<SchedulePoints>& runs) {
  const double largest = largest_area(runs);
  double best = 0, least = INFINITY;
  for (const double share : starts_at) {
    const double from = share * largest;
    if (points_from(without_ends(runs, end_share), from) < 2 * least_points) break;
    const double miss = miss_of_ends(runs, from);
    if (miss + equal_misses < 0.95 * (least + equal_misses)) least = miss, best = from;
  }
  return best;
}

std::vector<HiddenStretch> hide(const std::vector<SchedulePoints>& runs, double from, std::uint64_t seed) {
  std::vector<HiddenStretch> out;
  const std::vector<SchedulePoints> kept = without_ends(runs, end_share);
  if (points_from(kept, from) >= least_points) {
    const Fitted fitted = fit_where_seen(kept, from);
    for (std::size_t k = 0; k < runs.size(); ++k) {
      if (kept[k].count() < runs[k].count())
        out.push_back(judged_stretch(runs[k], kept[k].count(), kept, fitted, from, seed));
    }
  }
  for (std::size_t k = 0; k < runs.size() && runs.size() > 1; ++k) {
    std::vector<SchedulePoints> others = runs;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(k));
    if (points_from(others, from) < least_points || (any_changes({runs[k]}) && !any_changes(others)))
      continue;
    const auto first = static_cast<std::size_t>(
        std::lower_bound(runs[k].area.begin(), runs[k].area.end(), from) - runs[k].area.begin());
    if (first == runs[k].count()) continue;
    const Fitted fitted = fit_where_seen(others, from);
    HiddenStretch one = judged_stretch(runs[k], first, others, fitted, from, seed);
    one.whole = true;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace frugal::fit
