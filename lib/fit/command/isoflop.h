// Compute-optimal size by Hoffmann et al. 2022, approaches 1 and 2. Approach 2: at each compute budget a
// parabola of the loss in log N, its minimum, and a line through the minima in log-log. It is biased even
// without noise, because the true curve is no parabola (−0.3 to −13.9 % in D at 1e24): `caveat` says so in
// reports. Approach 1: the lower envelope of all runs over compute.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fit/runs/runs.h"
#include "fit/surface/surface.h"
#include "report/html.h"

namespace frugal::fit {

struct IsoflopBudget {
  double compute = 0;             // geometric mean of its runs
  std::vector<std::size_t> rows;  // of points
  // y ≈ c0 + c1 t + c2 t², t = log(size) − log_center
  double log_center = 0, c0 = 0, c1 = 0, c2 = 0;
  double best_size = 0, best_data = 0, best_y = 0;  // at the minimum; 0 where there is none
  std::string refusal;  // why there is no minimum: too few sizes, not convex, or beyond the runs
};

struct Isoflop {
  std::vector<IsoflopBudget> budgets;           // ascending in compute
  double size_exponent = 0, data_exponent = 0;  // best size ~ compute^size_exponent; data likewise
  bool fitted = false;                          // two or more budgets have a minimum inside their runs
  static constexpr const char* caveat =
      "parabolas in log size are biased even without noise (by -0.3 to -13.9 % in data at 1e24 FLOPs)";
};

// points have columns of size, data and compute. Runs belong to one budget while the next in order of compute
// is within `tolerance` relative of the budget's first.
Isoflop isoflop(const Runs& points, double tolerance = 0.15);

// Rows on the lower envelope: no run of at most their compute has a lower y. Ascending in compute.
std::vector<std::size_t> frontier(const Runs& points);

// The measured runs alone, without a law, as part of what `scalefit fit` prints and shows.
struct MeasuredIsoflop {
  Runs runs;    // with a column of compute
  Isoflop fit;  // only budgets of three sizes and more
  std::vector<std::size_t> envelope;
  Estimate size_exponent;  // interval from resampled runs; NaN where no line was fitted
};

// Nothing where the runs have no size and data, or no budget has three sizes.
// cost: of a run, as an expression in N and D, where the runs have no compute of their own.
std::optional<MeasuredIsoflop> measure_isoflop(const Runs& runs, const std::string& cost, double coverage,
                                               std::uint64_t seed);
nlohmann::ordered_json to_json(const MeasuredIsoflop& measured);
void add_measured_isoflop(report::Page& page, const MeasuredIsoflop& measured, double coverage);

}  // namespace frugal::fit
