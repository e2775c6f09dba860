// The default: exact growth whose new units are awake from the first step. As `exact`, but what is new reads
// the hidden state with N(0, 1/D), the scale of trained weights, where the usual 0.02 leaves it nearly mute
// at small D: a unit's output, and with it the gradient of what it will write, grows with the scale of what
// it reads. The function is kept all the same, as new units write nothing and the new entries of the hidden
// state are zero after the norm. Ours; what was tried on the way, and the training that goes with it, is in
// docs/ligo-grow.md.
#include <cmath>

#include "grow/operator.h"

namespace frugal::grow::width {
namespace {

void plan_fresh(const OperatorConfig& config, GrowthPlan& plan) {
  exact.plan(config, plan);
  if (config.fresh_std == 0) plan.fresh_std = 1 / std::sqrt(static_cast<double>(plan.target.hidden_size));
}

}  // namespace

const WidthOperator fresh_read = {"fresh", "as exact, new units read at the scale of trained ones",
                                  plan_fresh};

}  // namespace frugal::grow::width
