// New blocks whose output projections are zero (LLaMA-Pro, Wu et al. 2024), spread between the old ones: the
// function of a pre-norm model is kept, and every weight before the zero one still gets its gradient after
// one step. A new block starts as a copy of the block before it. Post-norm models change a little at each
// one.
#include "grow/operator.h"

namespace frugal::grow::depth {
namespace {

void plan_identity(const OperatorConfig&, GrowthPlan& plan) {
  const std::int64_t old = plan.source.layers, all = plan.target.layers;
  no_identity(plan);
  for (std::int64_t l = 0; l < all; ++l) {
    const std::int64_t from = l * old / all;
    const bool first = l == 0 || from != plan.layer_from.back();
    plan.layer_from.push_back(from);
    plan.identity[static_cast<std::size_t>(l)] = !first;
  }
  if (all != old && !plan.source.pre_norm) plan.keeps.clear();
}

}  // namespace

const DepthOperator identity = {"identity", "new blocks with zero output projections; exact (pre-norm)",
                                plan_identity};

}  // namespace frugal::grow::depth
