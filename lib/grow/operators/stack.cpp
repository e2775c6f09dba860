// Layers from layers.
//   stack       layer l from l mod L (StackBERT, Gong et al. 2019; G_stack, Du et al. 2024)
//   interleave  layer l from ⌊l·L/L'⌋: each stands beside its copies
//   gradual     stack, in doublings with training between (progressive stacking)
//   mslt        the top layers copied on top, trained alone first (Yang et al. 2020)
#include <fmt/format.h>

#include "grow/operator.h"

namespace frugal::grow::depth {
namespace {

template <class From>
void fill(GrowthPlan& plan, const From& from) {
  no_identity(plan);
  for (std::int64_t l = 0; l < plan.target.layers; ++l) plan.layer_from.push_back(from(l));
  if (plan.target.layers != plan.source.layers) plan.keeps.clear();
}

void plan_stack(const OperatorConfig&, GrowthPlan& plan) {
  fill(plan, [&](std::int64_t l) { return l % plan.source.layers; });
}

void plan_interleave(const OperatorConfig&, GrowthPlan& plan) {
  fill(plan, [&](std::int64_t l) { return l * plan.source.layers / plan.target.layers; });
}

void plan_gradual(const OperatorConfig& config, GrowthPlan& plan) {
  plan_stack(config, plan);
  std::string stages;
  for (std::int64_t layers = plan.source.layers; layers < plan.target.layers;) {
    layers = std::min(2 * layers, plan.target.layers);
    stages += fmt::format("{}{}", stages.empty() ? "" : ", ", layers);
  }
  plan.schedule = "grow to these depths in turn and train between them: " + stages;
}

void plan_mslt(const OperatorConfig&, GrowthPlan& plan) {
  const std::int64_t old = plan.source.layers, added = plan.target.layers - old;
  const std::int64_t top = added > 0 ? std::min(added, old) : 1;
  fill(plan, [&](std::int64_t l) { return l < old ? l : old - top + (l - old) % top; });
  plan.schedule = fmt::format("train layers {} to {} and the head alone first, then all of them", old,
                              plan.target.layers - 1);
}

}  // namespace

const DepthOperator stack = {"stack", "layer l from l mod L (StackBERT, G_stack)", plan_stack};
const DepthOperator interleave = {"interleave", "copies stand beside their layer", plan_interleave};
const DepthOperator gradual = {"gradual", "stack, in doublings with training between", plan_gradual};
const DepthOperator mslt = {"mslt", "top layers copied on top, trained alone first", plan_mslt};

}  // namespace frugal::grow::depth
