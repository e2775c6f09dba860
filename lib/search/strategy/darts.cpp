// DARTS as a baseline (Liu, Simonyan, Yang, ICLR 2019, first order): the output of a block is the mixture of
// all its candidates, so that every weight is trained in every step and all N paths are in memory.
#include <torch/torch.h>

#include "search/strategy/strategies.h"

namespace frugal::search {
namespace {

class Darts final : public Strategy {
 public:
  using Strategy::Strategy;

  torch::Tensor weight_logits(const torch::Tensor& images, bool warm_up, base::Random& /*random*/) override {
    std::vector<torch::Tensor> p;
    for (const torch::Tensor& alpha : architecture_.alpha()) {
      p.push_back(warm_up ? torch::full_like(alpha, 1.0 / static_cast<double>(alpha.numel()))
                          : torch::softmax(alpha, 0));
    }
    return net_.forward_mixture(images, p);
  }

  double architecture_step(const HeldOutBatch& batch, base::Random& /*random*/) override {
    std::vector<torch::Tensor> leaves, p;
    for (const torch::Tensor& alpha : architecture_.alpha()) {
      leaves.push_back(alpha.detach().clone().requires_grad_(true));
      p.push_back(torch::softmax(leaves.back(), 0));
    }
    double cross_entropy = 0;
    {
      const Supernet::Frozen frozen(net_);
      const torch::Tensor loss =
          torch::cross_entropy_loss(net_.forward_mixture(batch.images, p), batch.labels);
      cross_entropy = loss.item<double>();
      loss.backward();
    }
    const auto probabilities = architecture_.probabilities();
    const Objective::Loss loss = objective_.loss(cross_entropy, objective_.expected(probabilities));
    std::vector<std::vector<double>> gradients;
    for (std::size_t b = 0; b < p.size(); ++b) {
      std::vector<double> gradient = objective_.expected_gradient(b, probabilities[b]);
      const float* d = leaves[b].grad().const_data_ptr<float>();
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        gradient[i] = loss.by_expected * gradient[i] + loss.by_cross_entropy * static_cast<double>(d[i]);
      }
      gradients.push_back(std::move(gradient));
    }
    update(gradients);
    return loss.value;
  }
};

}  // namespace

std::unique_ptr<Strategy> make_darts(Supernet& net, const Objective& objective, const StrategyConfig& config,
                                     std::uint64_t seed, const std::string& name) {
  return std::make_unique<Darts>(net, objective, config, seed, name);
}

}  // namespace frugal::search
