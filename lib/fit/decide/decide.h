// Decisions along one variable, each with an interval that comes from deciding again under every draw: what a
// target needs, and whether to go on.
#pragma once

#include <string>

#include "fit/decide/split.h"
#include "fit/law/expression_law.h"

namespace frugal::fit {

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
