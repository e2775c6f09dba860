// How the architecture is found on a supernet: one Strategy a target device, several of which can share the
// weights of one supernet. A strategy says which paths a weight step trains, and what an architecture step
// does on a held-out batch. The table of strategies is in strategy.cpp.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "config/visitor.h"
#include "search/strategy/objective.h"
#include "search/supernet/supernet.h"
#include "train/optimizer.h"

namespace frugal::search {

struct StrategyConfig {
  std::string kind = "gradient";
  double lr = 0;  // of Adam on α, constant; 0: architecture_rate
  std::vector<double> betas = {0, 0.999};
  double initial_std = 1e-3;       // α ~ N(0, this): all paths start equally likely
  std::int64_t samples = 10;       // reinforce: networks a step
  double baseline_rate = 0.99;     // reinforce: how far the baseline moves to the newest mean reward
  std::int64_t population = 40;    // evolution
  std::int64_t tournament = 10;    // evolution: of which the best is the parent
  std::int64_t score_batches = 4;  // random, evolution: held-out batches that judge a network
  std::int64_t rerank = 1;         // of so many most probable networks the best by the held-out loss

  void visit(config::Visitor& v);
};

// α of every block, p = softmax(α).
class Architecture {
 public:
  Architecture(const SearchSpace& space, double initial_std, base::Random random);

  const std::vector<torch::Tensor>& alpha() const { return alpha_; }  // float32 [candidates]
  std::vector<std::vector<double>> values() const;
  std::vector<std::vector<double>> probabilities() const;
  double entropy() const;  // mean over the blocks that have a choice, in nats
  Choice sample(base::Random& random) const;
  Choice sample_uniform(base::Random& random) const;
  tensor::NamedTensors state() const;  // "alpha.3"

 private:
  std::vector<torch::Tensor> alpha_;
};

// An index drawn with the given probabilities, `except` left out (−1: none).
std::size_t draw(const std::vector<double>& probabilities, base::Random& random, std::ptrdiff_t except = -1);

struct HeldOutBatch {
  torch::Tensor images, labels;
};

class Strategy {
 public:
  Strategy(Supernet& net, const Objective& objective, const StrategyConfig& config, std::uint64_t seed,
           const std::string& name);
  virtual ~Strategy() = default;

  // Logits of a weight step; in the warm-up all paths are equally likely.
  virtual torch::Tensor weight_logits(const torch::Tensor& images, bool warm_up, base::Random& random);

  // Moves α by one held-out batch. Returns the loss (with its share of the cost); Failure where it is not
  // finite, and α is then as it was.
  virtual double architecture_step(const HeldOutBatch& batch, base::Random& random) = 0;

  // For strategies that choose by trying networks on the trained supernet: the best of at most `evaluations`.
  // error_of: share of wrong answers on held-out batches.
  using ErrorOf = std::function<double(const Choice&)>;
  virtual std::optional<Choice> conclude(const ErrorOf& /*error_of*/, std::int64_t /*evaluations*/,
                                         base::Random& /*random*/) {
    return std::nullopt;
  }

  // The network that the present state says: the most probable that keeps the limits.
  Choice derived() const;

  // Everything that a checkpoint must hold, under `name`.
  virtual tensor::NamedTensors state();

  const StrategyConfig& config() const { return config_; }
  const Architecture& architecture() const { return architecture_; }
  const Objective& objective() const { return objective_; }

 protected:
  // Adam with the gradients given, one vector a block.
  void update(const std::vector<std::vector<double>>& gradients);

  Supernet& net_;
  const Objective& objective_;
  StrategyConfig config_;
  std::string name_;
  Architecture architecture_;
  train::Optimizer adam_;
};

std::vector<std::string> strategy_names();

// Whether architecture steps of this kind move α; the others choose by trying networks at the end.
bool moves_architecture(const std::string& kind);

// A learning rate with which α can move far in so many architecture steps: 20 / steps (Adam moves a number by
// about its rate a step), from 0.001, the program's for ImageNet, to 0.05.
double architecture_rate(std::int64_t steps);

// Failure where α said nothing at the end: no block's most probable candidate is 10 % likelier than its
// least.
void check_moved(const Strategy& strategy);

std::unique_ptr<Strategy> make_strategy(Supernet& net, const Objective& objective,
                                        const StrategyConfig& config, std::uint64_t seed,
                                        const std::string& name);

}  // namespace frugal::search
