// Regularised evolution as a baseline (Real, Aggarwal, Huang, Le 2019): of a few networks drawn from those
// alive the best is the parent, its child differs in one block, and the oldest dies.
#include <algorithm>
#include <deque>

#include "search/strategy/sampling_strategy.h"

namespace frugal::search {
namespace {

class Evolution final : public SamplingStrategy {
 public:
  using SamplingStrategy::SamplingStrategy;

  std::optional<Choice> conclude(const ErrorOf& error_of, std::int64_t evaluations,
                                 base::Random& random) override {
    const auto population =
        static_cast<std::size_t>(std::max<std::int64_t>(2, std::min(config_.population, evaluations / 2)));
    std::deque<Member> alive;
    std::optional<Member> best;
    for (std::int64_t i = 0; i < evaluations; ++i) {
      Member member;
      member.choice = alive.size() < population ? architecture_.sample_uniform(random)
                                                : child_of(parent(alive, random).choice, random);
      if (!objective_.keeps_limits(member.choice)) continue;
      member.reward = reward_of(member.choice, error_of);
      if (!best || member.reward > best->reward) best = member;
      alive.push_back(std::move(member));
      if (alive.size() > population) alive.pop_front();
    }
    if (!best) return std::nullopt;
    return best->choice;
  }

 private:
  struct Member {
    Choice choice;
    double reward = 0;
  };

  const Member& parent(const std::deque<Member>& alive, base::Random& random) const {
    const Member* best = nullptr;
    for (std::int64_t i = 0; i < config_.tournament; ++i) {
      const Member& one = alive[static_cast<std::size_t>(random.below(alive.size()))];
      if (!best || one.reward > best->reward) best = &one;
    }
    return *best;
  }

  Choice child_of(const Choice& choice, base::Random& random) const {
    Choice child = choice;
    std::vector<std::size_t> open;  // blocks that have another candidate
    for (std::size_t b = 0; b < child.size(); ++b) {
      if (architecture_.alpha()[b].numel() > 1) open.push_back(b);
    }
    const std::size_t block = open[static_cast<std::size_t>(random.below(open.size()))];
    const auto others = static_cast<std::uint64_t>(architecture_.alpha()[block].numel() - 1);
    const auto other = static_cast<std::size_t>(random.below(others));
    child[block] = other + (other >= child[block] ? 1 : 0);
    return child;
  }
};

}  // namespace

std::unique_ptr<Strategy> make_evolution(Supernet& net, const Objective& objective,
                                         const StrategyConfig& config, std::uint64_t seed,
                                         const std::string& name) {
  return std::make_unique<Evolution>(net, objective, config, seed, name);
}

}  // namespace frugal::search
