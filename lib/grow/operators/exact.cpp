// Exact growth to any width with new units that start at random (pre-norm models). The old hidden state
// stands once, its new entries hold the mean (LayerNorm) or zero (RMSNorm): after the norm they are zero, so
// that what reads them may be random from the start. New heads and FFN units are random and their outputs
// zero. Post-norm models have no such place: there copies are exact at whole multiples, and new units beside
// them stay as here. The norm's eps shrinks by d/D with the variance (LEMON, Wang et al. 2024, for the
// average; ours: the random reading of what is zero).
#include "grow/operator.h"

namespace frugal::grow::width {
namespace {

void plan_exact(const OperatorConfig&, GrowthPlan& plan) {
  const TransformerConfig& s = plan.source;
  const TransformerConfig& t = plan.target;
  map_heads(plan, false);
  plan.ffn = with_fresh(s.ffn_size, t.ffn_size);
  for (AxisMap* axis : {&plan.heads, &plan.kv, &plan.ffn}) {
    axis->produce = Fill::random;
    axis->consume = Fill::zero;
  }
  if (!s.pre_norm) {
    plan.hidden = cyclic(s.hidden_size, t.hidden_size);
    if (whole_multiples(plan)) plan.keeps = "the function of each old layer";
    return;
  }
  // Sixteen bits cannot hold a norm's scale times sqrt(d/D). Where the width grows by a power of two, whole
  // copies need no such factor, and what reads them takes a share that every type holds.
  // And a norm on the embeddings, or in the head, takes in the whole hidden state: copies alone pass it.
  const std::int64_t times = t.hidden_size / s.hidden_size;
  const bool halves = plan.coarse && (times & (times - 1)) == 0;
  if ((halves || needs_copies(s)) && whole_multiples(plan) && times > 1) {
    plan.hidden = cyclic(s.hidden_size, t.hidden_size);
    plan.keeps = "the function";
    return;
  }
  plan.hidden = with_fresh(s.hidden_size, t.hidden_size);
  if (s.norm == model::NormKind::layer_norm) {
    for (auto& from : plan.hidden.from) from = from == fresh ? average : from;
  }
  keep_norms(plan, 1);
  if (!needs_copies(s) || t.hidden_size == s.hidden_size) plan.keeps = "the function";
}

}  // namespace

const WidthOperator exact = {"exact", "any width kept exactly (pre-norm), new units random", plan_exact};

}  // namespace frugal::grow::width
