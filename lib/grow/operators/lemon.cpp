// LEMON (Wang, Su, Lu et al., ICLR 2024): whole copies and averages (LayerNorm) or zeros (RMSNorm) of the
// hidden state, copies of heads and FFN units whose consumers take unequal shares, so that copies part in
// training.
#include "grow/operator.h"

namespace frugal::grow::width {
namespace {

void plan_lemon(const OperatorConfig&, GrowthPlan& plan) {
  const TransformerConfig& s = plan.source;
  const TransformerConfig& t = plan.target;
  map_heads(plan, true);
  plan.ffn = cyclic(s.ffn_size, t.ffn_size);
  plan.unequal = true;
  if (!s.pre_norm) {
    plan.hidden = cyclic(s.hidden_size, t.hidden_size);
    if (whole_multiples(plan)) plan.keeps = "the function of each old layer";
    return;
  }
  plan.hidden = whole_copies(s.hidden_size, t.hidden_size, s.norm == model::NormKind::layer_norm);
  keep_norms(plan, t.hidden_size / s.hidden_size);
  if (!needs_copies(s) || whole_multiples(plan)) plan.keeps = "the function";
}

}  // namespace

const WidthOperator lemon = {"lemon", "LEMON: copies and averages, unequal shares; exact (pre-norm)",
                             plan_lemon};

}  // namespace frugal::grow::width
