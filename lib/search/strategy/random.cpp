// Random search as a baseline (Li, Talwalkar 2019): networks drawn at random, all equally likely.
#include "search/strategy/sampling_strategy.h"

namespace frugal::search {
namespace {

class RandomSearch final : public SamplingStrategy {
 public:
  using SamplingStrategy::SamplingStrategy;

  std::optional<Choice> conclude(const ErrorOf& error_of, std::int64_t evaluations,
                                 base::Random& random) override {
    std::optional<Choice> best;
    double best_reward = 0;
    for (std::int64_t i = 0; i < evaluations; ++i) {
      const Choice choice = architecture_.sample_uniform(random);
      if (!objective_.keeps_limits(choice))
        continue;  // costs nothing, and yet uses up a try: no endless search
      const double reward = reward_of(choice, error_of);
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
