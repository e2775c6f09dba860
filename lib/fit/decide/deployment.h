// The cheapest model over its life: a smaller one, trained on more data, costs more to train and less to use.
#pragma once

#include <optional>

#include "fit/law/expression_law.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

// The least total cost of training and of `tokens` of use that reaches the target error.
struct Deployment {
  double target = 0, tokens = 0;
  Estimate size, data, training_cost, lifetime_cost;
  // The model that is cheapest to train to the same error, and what it costs over its life.
  double optimal_size = 0, optimal_data = 0, optimal_lifetime_cost = 0;
};
// inference: cost of one token as an expression in N ("2*N"). Empty where the target cannot be reached.
std::optional<Deployment> overtrain(const Surface& surface, const Cost& cost, const Expression& inference,
                                    double tokens, double target, double coverage);

}  // namespace frugal::fit
