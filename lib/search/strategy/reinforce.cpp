// The paper's REINFORCE form (ProxylessNAS, section 3.3.2; Williams 1992): M networks are sampled, each gets
// the reward R = accuracy · (reference / cost)^w on one held-out batch, and α climbs mean((R − b) ∇ log p)
// with a moving average b of the rewards as baseline. The baseline is part of the checkpoint.
#include <torch/torch.h>

#include <cmath>

#include "search/strategy/strategies.h"

namespace frugal::search {
namespace {

class Reinforce final : public Strategy {
 public:
  using Strategy::Strategy;

  double architecture_step(const HeldOutBatch& batch, base::Random& random) override {
    const auto p = architecture_.probabilities();
    std::vector<Choice> choices;
    std::vector<double> rewards;
    double mean = 0;
    {
      const Supernet::Frozen frozen(net_);
      const torch::NoGradGuard no_grad;
      for (std::int64_t m = 0; m < config_.samples; ++m) {
        choices.push_back(architecture_.sample(random));
        const torch::Tensor logits = net_.forward_path(batch.images, choices.back());
        const double accuracy = logits.argmax(1).eq(batch.labels).to(torch::kFloat64).mean().item<double>();
        rewards.push_back(objective_.reward(accuracy, objective_.costs().total(choices.back())));
        mean += rewards.back() / static_cast<double>(config_.samples);
      }
    }
    double* baseline = baseline_.data_ptr<double>();
    baseline[0] = baseline[1] == 0 ? mean : baseline[0] + config_.baseline_rate * (mean - baseline[0]);
    baseline[1] = 1;
    std::vector<std::vector<double>> gradients;
    for (std::size_t b = 0; b < p.size(); ++b) {
      std::vector<double> gradient(p[b].size(), 0.0);
      for (std::size_t m = 0; m < choices.size(); ++m) {
        // Down the negative reward: ∂ log p_c / ∂α_i = δ_ic − p_i.
        const double weight = -(rewards[m] - baseline[0]) / static_cast<double>(choices.size());
        for (std::size_t i = 0; i < gradient.size(); ++i) {
          gradient[i] += weight * ((i == choices[m][b] ? 1.0 : 0.0) - p[b][i]);
        }
      }
      gradients.push_back(std::move(gradient));
    }
    update(gradients);
    return -mean;
  }

  tensor::NamedTensors state() override {
    tensor::NamedTensors state = Strategy::state();
    state.emplace_back(name_ + ".baseline", baseline_);
    return state;
  }

 private:
  torch::Tensor baseline_ = torch::zeros({2}, torch::kFloat64);  // value, and whether there is one yet
};

}  // namespace

std::unique_ptr<Strategy> make_reinforce(Supernet& net, const Objective& objective,
                                         const StrategyConfig& config, std::uint64_t seed,
                                         const std::string& name) {
  return std::make_unique<Reinforce>(net, objective, config, seed, name);
}

}  // namespace frugal::search
