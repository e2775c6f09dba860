// What decisions share (deciding again under every draw, the split of compute between model and data), and
// decisions along one variable: what a target needs, and whether to go on.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "fit/law/expression_law.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

inline constexpr double infinite = std::numeric_limits<double>::infinity();

struct SizeRange {
  double low, high;  // ln size
};
SizeRange size_range(const Surface& surface);  // the sizes that are looked at

// Errors: UserError where the surface is not one of size and data.
void require_joint(const Surface& surface);

// A run of this size and data, all of it new; other variables as in the largest run.
RunScale split_scale(const Surface& surface, double size, double data);

// A decision (of a draw, or of the estimate), made again under every stride-th draw.
template <class Decide>
Estimate over_draws(const Surface& surface, const Decide& decide, double coverage, int stride = 1) {
  std::vector<double> values;
  for (int draw = 0; draw < surface.draws(); draw += stride) values.push_back(decide(draw));
  return estimate_of(decide(Surface::estimate), std::move(values), coverage);
}

// How much of something a target needs, and whether it can be had.
struct Reach {
  Estimate needed;         // infinite: never
  double probability = 0;  // share of draws that ever get there
  Estimate floor;          // the error with this variable without end
  bool reachable = false;  // by the estimate
};
// needed and floor: of a draw, or of the estimate.
Reach reach_of(const Surface& surface, const std::function<double(int)>& needed,
               const std::function<double(int)>& floor, double coverage);

// Every how many draws to decide again: a hundred place a quantile well enough, and each is a search of its
// own.
int draw_stride(const Surface& surface);

// The share of draws of which something holds; without draws, whether it holds of the estimate.
double share_of_draws(const Surface& surface, int count, bool of_estimate);

// How much of one variable a target error needs, the others given in `at`.
// Errors: UserError where the surface does not know the variable or `at` lacks another one.
Reach scale_for_target(const Surface& surface, const std::string& variable, RunScale at, double target,
                       double coverage);

// Errors: UserError where the surface does not know the variable or `at` lacks another one.
void check_known(const Surface& surface, const std::string& variable, const RunScale& at);

// Is it worth going on? From the best measured run to the best use of `factor` times its cost.
struct GoingOn {
  double factor = 0, required = 0;
  double cost_now = 0, error_now = 0;
  RunScale next;
  Estimate error_next, improvement;  // relative: (now − next)/now
  double probability = 0;            // that the improvement is at least `required`
};
// For a surface of one variable the variable itself is the cost. cost may be null then.
GoingOn worth_going_on(const Surface& surface, const Cost* cost, double factor, double required,
                       double coverage);

// Compute of the fitted runs.
struct ComputeSpent {
  double total = 0, largest = 0;
};
ComputeSpent compute_spent(const Surface& surface, const Cost* cost);

// Cost of one run: its compute column where there is one, else C(N, D), else the one variable.
double run_cost(const Surface& surface, const Cost* cost, const RunScale& scale);

}  // namespace frugal::fit
