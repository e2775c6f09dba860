// Function-preserving initialisation (bert2BERT, Chen et al. 2022) and its kin: outputs copied in turn,
// inputs divided by the number of copies. Exact where every width grows by a whole factor.
//   net2net       the copied units are drawn at random (Chen, Goodfellow, Shlens 2016)
//   aki           copies come from the next layer (bert2BERT's advanced knowledge initialisation); not exact
//   hypercloning  tiles (Samragh et al. 2024), with noise that cancels where `noise` is set
#include "base/random.h"
#include "grow/operator.h"

namespace frugal::grow::width {
namespace {

void plan_fpi(const OperatorConfig&, GrowthPlan& plan) {
  plan.hidden = cyclic(plan.source.hidden_size, plan.target.hidden_size);
  plan.ffn = cyclic(plan.source.ffn_size, plan.target.ffn_size);
  map_heads(plan, true);
  if (whole_multiples(plan)) {
    plan.keeps = plan.source.pre_norm ? "the function" : "the function of each old layer";
  }
}

AxisMap drawn(std::int64_t source, std::int64_t target, base::Random& random) {
  AxisMap map = with_fresh(source, target);
  for (auto& from : map.from) {
    if (from == fresh) from = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(source)));
  }
  count_copies(map);
  return map;
}

// Norms see unequal counts, so only FFN units can be drawn without loss; hidden units as Net2Net has them.
void plan_net2net(const OperatorConfig& config, GrowthPlan& plan) {
  plan_fpi(config, plan);
  base::Random random(plan.seed, "net2net");
  if (plan.target.hidden_size != plan.source.hidden_size) {
    plan.hidden = drawn(plan.source.hidden_size, plan.target.hidden_size, random);
    plan.keeps.clear();
  }
  plan.ffn = drawn(plan.source.ffn_size, plan.target.ffn_size, random);
}

void plan_aki(const OperatorConfig& config, GrowthPlan& plan) {
  plan_fpi(config, plan);
  plan.next_layer = true;
  plan.keeps.clear();
}

}  // namespace

const WidthOperator fpi = {"fpi", "FPI: outputs copied, inputs shared; exact by whole factors", plan_fpi};
const WidthOperator net2net = {"net2net", "Net2Net: as fpi, copied units drawn at random", plan_net2net};
const WidthOperator aki = {"aki", "AKI (bert2BERT): copies come from the next layer", plan_aki};
const WidthOperator hypercloning = {"hypercloning", "HyperCloning: tiles, with `noise` that cancels",
                                    plan_fpi};

}  // namespace frugal::grow::width
