// Decisions from a fitted surface, each with an interval that comes from deciding again under every draw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fit/law/expression_law.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

// How much of one variable a target error needs, the others given in `at`.
struct Reach {
  std::string variable;
  double target = 0;
  Estimate needed;         // infinite: never
  double probability = 0;  // share of draws that ever get there
  Estimate floor;          // the error with this variable without end
  bool reachable = false;  // by the estimate
};
// Errors: UserError where the surface does not know the variable or `at` lacks another one.
Reach scale_for_target(const Surface& surface, const std::string& variable, RunScale at, double target,
                       double coverage);

// The least error that a training cost allows.
struct Allocation {
  double budget = 0;
  Estimate size, data, error;
  bool interior = true;  // false: the optimum lies at the edge of the sizes that were looked at
};
Allocation optimal_allocation(const Surface& surface, const Cost& cost, double budget, double coverage);
// The least budget whose optimal allocation reaches the target error.
struct BudgetForTarget {
  bool reachable = false;
  Estimate budget;
  double probability = 0;
  Estimate floor;
};
BudgetForTarget budget_for_target(const Surface& surface, const Cost& cost, double target, double coverage);

// error against size at one budget, the data being what the budget buys.
struct IsoFlopPoint {
  double size = 0, data = 0;
  Estimate error;
};
std::vector<IsoFlopPoint> isoflop_curve(const Surface& surface, const Cost& cost, double budget, int count,
                                        double coverage);

// A smaller model trained on more data costs more to train and less to use: the least total cost of training
// and of `tokens` of use that reaches the target error.
struct Deployment {
  double target = 0, tokens = 0;
  Estimate size, data, training_cost, lifetime_cost;
  // The model that is cheapest to train to the same error, and what it costs over its life.
  double optimal_size = 0, optimal_data = 0, optimal_lifetime_cost = 0;
};
// inference: cost of one token as an expression in N ("2*N"). Empty where the target cannot be reached.
std::optional<Deployment> overtrain(const Surface& surface, const Cost& cost, const Expression& inference,
                                    double tokens, double target, double coverage);

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

// Where two systems cross along one variable, the others given (or on their own compute-optimal frontiers,
// variable "budget"). No crossing between low and high: the better one over all of it.
struct Crossing {
  std::string variable;
  bool crosses = false;
  Estimate at;
  double probability = 0;         // share of draws that cross within the range
  double first_better_below = 0;  // probability that A is better at the low end
  double first_better_above = 0;  // … and at the high end
  double low = 0, high = 0;
};
Crossing find_crossing(const Surface& a, const Surface& b, const Cost& cost, const std::string& variable,
                       RunScale at, double low, double high, double coverage);

// Compute of the fitted runs against that of a run at `scale`: total, largest, and the ratios.
struct ComputeSpent {
  double total = 0, largest = 0, predicted = 0;
};
ComputeSpent compute_spent(const Surface& surface, const Cost* cost, const RunScale& scale);

// Cost of one run: its compute column where there is one, else C(N, D), else the one variable.
double run_cost(const Surface& surface, const Cost* cost, const RunScale& scale);

}  // namespace frugal::fit
