// Staged training's growth (Shen et al. 2022): every width doubled, [[W, 0], [0, W]], the last norm halved;
// the optimiser's state grows along. Exact for pre-norm models with identity layers.
#include "base/error.h"
#include "grow/operator.h"

namespace frugal::grow::width {
namespace {

void plan_staged(const OperatorConfig&, GrowthPlan& plan) {
  const TransformerConfig& s = plan.source;
  const TransformerConfig& t = plan.target;
  const bool same = t.hidden_size == s.hidden_size && t.heads == s.heads && t.ffn_size == s.ffn_size;
  const bool doubled = t.hidden_size == 2 * s.hidden_size && t.heads == 2 * s.heads &&
                       t.kv_heads == 2 * s.kv_heads && t.ffn_size == 2 * s.ffn_size;
  if (!same && !doubled) {
    throw base::UserError("target.hidden_size",
                          "staged growth doubles every width, or leaves all as they are",
                          "twice hidden_size, heads, kv_heads and ffn_size");
  }
  plan.hidden = cyclic(s.hidden_size, t.hidden_size);
  plan.ffn = cyclic(s.ffn_size, t.ffn_size);
  map_heads(plan, true);
  plan.block_diagonal = doubled;
  plan.keeps = s.pre_norm ? "the function" : "the function of each old layer";
}

}  // namespace

const WidthOperator staged = {"staged", "staged training: [[W, 0], [0, W]]; exact, doubles every width",
                              plan_staged};

}  // namespace frugal::grow::width
