// What random search and evolution share: the supernet is trained with paths that are all equally likely,
// nothing is learned of the architecture meanwhile, and networks are then judged on held-out batches, as many
// as the gradient strategy's architecture steps would have paid for.
#pragma once

#include "search/strategy/strategies.h"

namespace frugal::search {

class SamplingStrategy : public Strategy {
 public:
  using Strategy::Strategy;

  torch::Tensor weight_logits(const torch::Tensor& images, bool /*warm_up*/, base::Random& random) override {
    return Strategy::weight_logits(images, true, random);
  }
  double architecture_step(const HeldOutBatch& /*batch*/, base::Random& /*random*/) override { return 0; }

 protected:
  double reward_of(const Choice& choice, const ErrorOf& error_of) const {
    return objective_.reward(1 - error_of(choice), objective_.costs().total(choice));
  }
};

}  // namespace frugal::search
