// New blocks whose output projections are zero (LLaMA-Pro, Wu et al. 2024), spread between the old ones: the
// function of a pre-norm model is kept, and every weight before the zero one still gets its gradient after
// one step. A new block starts as a copy of the old one beside it.
//
// In post-norm models the norms of a new block have one scale and one shift for all units, which give back
// what they take away on average (kernel.cpp), and none stands before the first old block or after the last,
// where the hidden state is least like that: the function changes little.
#include "grow/operator.h"

namespace frugal::grow::depth {
namespace {

void plan_identity(const OperatorConfig&, GrowthPlan& plan) {
  const std::int64_t old = plan.source.layers, all = plan.target.layers;
  no_identity(plan);
  for (std::int64_t l = 0; l < all; ++l) {
    plan.layer_from.push_back(l * old / all);
    const std::int64_t beside = plan.source.pre_norm || plan.layer_from.back() == 0 ? l - 1 : l + 1;
    const bool is_old = beside < 0 || beside == all || beside * old / all != plan.layer_from.back();
    plan.identity[static_cast<std::size_t>(l)] = !is_old;
  }
  if (all != old && !plan.source.pre_norm) plan.keeps.clear();
}

}  // namespace

const DepthOperator identity = {
    "identity", "new blocks with zero output projections; exact (pre-norm), near (post-norm)", plan_identity};

}  // namespace frugal::grow::depth
