// Random search as a baseline (Li, Talwalkar 2019): the supernet is trained with paths that are all equally
// likely, then networks drawn at random are judged on held-out batches, as many as the gradient strategy's
// architecture steps would have paid for.
#include "search/strategies.h"

namespace frugal::search {
namespace {

class RandomSearch final : public Strategy {
 public:
  using Strategy::Strategy;

  torch::Tensor weight_logits(const torch::Tensor& images, bool /*warm_up*/, base::Random& random) override {
    return Strategy::weight_logits(images, true, random);
  }
  double architecture_step(const HeldOutBatch& /*batch*/, base::Random& /*random*/) override { return 0; }

  std::optional<Choice> conclude(const ErrorOf& error_of, std::int64_t evaluations,
                                 base::Random& random) override {
    std::optional<Choice> best;
    double best_reward = 0;
    for (std::int64_t i = 0; i < evaluations; ++i) {
      const Choice choice = architecture_.sample_uniform(random);
      if (!objective_.keeps_limits(choice))
        continue;  // costs nothing, and yet uses up a try: no endless search
      const double reward = objective_.reward(1 - error_of(choice), objective_.costs().total(choice));
      if (best && reward <= best_reward) continue;
      best = choice;
      best_reward = reward;
    }
    return best;
  }
};

}  // namespace

std::unique_ptr<Strategy> make_random(Supernet& net, const Objective& objective, const StrategyConfig& config,
                                      std::uint64_t seed, const std::string& name) {
  return std::make_unique<RandomSearch>(net, objective, config, seed, name);
}

}  // namespace frugal::search
