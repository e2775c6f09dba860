// The old weights top-left, the rest random or zero. Keeps nothing, and ends well: new directions are fresh.
#include "grow/operator.h"

namespace frugal::grow::width {
namespace {

void plan_with(GrowthPlan& plan, Fill fill) {
  plan.hidden = with_fresh(plan.source.hidden_size, plan.target.hidden_size);
  plan.ffn = with_fresh(plan.source.ffn_size, plan.target.ffn_size);
  map_heads(plan, false);
  for (AxisMap* axis : {&plan.hidden, &plan.heads, &plan.kv, &plan.ffn}) axis->produce = axis->consume = fill;
}

void plan_random(const OperatorConfig&, GrowthPlan& plan) { plan_with(plan, Fill::random); }
void plan_zero(const OperatorConfig&, GrowthPlan& plan) { plan_with(plan, Fill::zero); }

}  // namespace

const WidthOperator pad = {"pad", "old weights top-left, the rest random", plan_random};
const WidthOperator pad_zero = {"pad_zero", "old weights top-left, the rest zero", plan_zero};

}  // namespace frugal::grow::width
