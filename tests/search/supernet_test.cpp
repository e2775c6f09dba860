// The supernet and its gates: gradients of the architecture against enumeration, what a step touches, names.
#include "search/supernet/supernet.h"

#include <torch/torch.h>

#include <cmath>
#include <cstring>

#include "search/strategy/strategy.h"
#include "support/test.h"
#include "support/tiny_space.h"
#include "tensor/device.h"

using namespace frugal;
using namespace frugal::search;

namespace {

struct Tiny {
  Tiny() {
    tensor::seed_torch(5);
    net = std::make_unique<Supernet>(space);
    net->use_channels_last();
    net->train();
    images = torch::randn({4, 2, 6, 6}).contiguous(torch::MemoryFormat::ChannelsLast);
    labels = torch::randint(3, {4}, torch::kInt64);
  }
  double loss_of(const torch::Tensor& logits) const {
    return torch::cross_entropy_loss(logits, labels).item<double>();
  }
  std::unique_ptr<Strategy> strategy(const std::string& kind, const ObjectiveConfig& objective_config = {}) {
    objective = std::make_unique<Objective>(objective_config, space, "objective");
    StrategyConfig config;
    config.kind = kind;
    config.lr = 0.05;
    return make_strategy(*net, *objective, config, 3, "target.0");
  }

  SearchSpace space = test::tiny_space(2, 3);
  std::unique_ptr<Supernet> net;
  std::unique_ptr<Objective> objective;
  torch::Tensor images, labels;
};

std::vector<torch::Tensor> copies(const tensor::NamedTensors& tensors) {
  std::vector<torch::Tensor> copies;
  for (const auto& [name, value] : tensors) copies.push_back(value.detach().clone());
  return copies;
}

bool same_bits(const torch::Tensor& a, const torch::Tensor& b) {
  return torch::equal(a.detach(), b.detach());
}

Gates gates_of(std::vector<std::size_t> paths, std::size_t active) {
  Gates gates{std::move(paths), active, torch::zeros({0})};
  gates.values = torch::zeros({static_cast<std::int64_t>(gates.paths.size())});
  gates.values[static_cast<std::int64_t>(active)] = 1;
  gates.values.requires_grad_(true);
  return gates;
}

}  // namespace

TEST_CASE("A gate's gradient is that of the mixture with the same gates", "[search]") {
  Tiny t;
  const bool recompute = GENERATE(false, true);
  // Mixture weights that are one-hot give the same network; their gradient, by ordinary autograd with every
  // path in the graph, is what the gates must have.
  const std::vector<std::size_t> active = {1, GENERATE(std::size_t{0}, std::size_t{3})};
  std::vector<torch::Tensor> p;
  std::vector<Gates> gates;
  for (std::size_t b = 0; b < 2; ++b) {
    const std::size_t n = t.space.blocks()[b].candidates.size();
    p.push_back(torch::zeros({static_cast<std::int64_t>(n)}));
    p.back()[static_cast<std::int64_t>(active[b])] = 1;
    p.back().requires_grad_(true);
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < n; ++i) all.push_back(i);
    gates.push_back(gates_of(all, active[b]));
  }
  const Supernet::Frozen frozen(*t.net);
  const torch::Tensor mixture = torch::cross_entropy_loss(t.net->forward_mixture(t.images, p), t.labels);
  mixture.backward();
  const torch::Tensor gated =
      torch::cross_entropy_loss(t.net->forward_gated(t.images, gates, recompute), t.labels);
  gated.backward();
  CHECK(gated.item<double>() == Approx(mixture.item<double>()));
  for (std::size_t b = 0; b < 2; ++b) {
    INFO("block " << b);
    const torch::Tensor difference = (gates[b].values.grad() - p[b].grad()).abs().max();
    CHECK(difference.item<double>() < 1e-5);
    CHECK(p[b].grad().abs().max().item<double>() > 1e-4);
  }
  // Zero gives 0: its gate's gradient is defined, and is 0.
  CHECK(gates[1].values.grad()[3].item<double>() == 0);
}

TEST_CASE("The gradient of the full mixture agrees with finite differences", "[search]") {
  Tiny t;
  const auto strategy = t.strategy("darts");
  std::vector<torch::Tensor> alpha;
  for (const torch::Tensor& a : strategy->architecture().alpha())
    alpha.push_back(a.clone().requires_grad_(true));
  const auto loss_at = [&](std::size_t block, std::int64_t i, double step) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> p;
    for (std::size_t b = 0; b < alpha.size(); ++b) {
      torch::Tensor moved = alpha[b].detach().clone();
      if (b == block) moved[i] += step;
      p.push_back(torch::softmax(moved, 0));
    }
    return t.loss_of(t.net->forward_mixture(t.images, p));
  };
  std::vector<torch::Tensor> p;
  for (const torch::Tensor& a : alpha) p.push_back(torch::softmax(a, 0));
  torch::cross_entropy_loss(t.net->forward_mixture(t.images, p), t.labels).backward();
  for (std::size_t b = 0; b < alpha.size(); ++b) {
    for (std::int64_t i = 0; i < alpha[b].numel(); ++i) {
      const double numeric = (loss_at(b, i, 1e-2) - loss_at(b, i, -1e-2)) / 2e-2;
      CHECK(alpha[b].grad()[i].item<double>() == Approx(numeric).margin(3e-3));
    }
  }
}

TEST_CASE("A weight step leaves every candidate that was not drawn as it was, bit for bit", "[search]") {
  Tiny t;
  train::OptimizerConfig sgd;
  sgd.weight_decay = 0.1;
  train::Optimizer optimizer(sgd, t.net->weights());
  const auto step = [&](const Choice& choice) {
    torch::cross_entropy_loss(t.net->forward_path(t.images, choice), t.labels).backward();
    optimizer.step(0.1);
  };
  step({0, 0});
  step({1, 2});  // now everything that these touched has momentum
  const auto state = tensor::state_of(*t.net);
  const auto before = copies(state);
  step({0, 3});
  for (std::size_t i = 0; i < state.size(); ++i) {
    const std::string& name = state[i].first;
    INFO(name);
    const bool searched = name.starts_with("blocks.");
    const bool drawn = !searched || name.starts_with("blocks.0.0.");
    CHECK(same_bits(state[i].second, before[i]) == !drawn);
  }
}

TEST_CASE("An architecture step changes neither weights nor running statistics", "[search]") {
  Tiny t;
  const std::string kind = GENERATE(from_range(strategy_names()));
  INFO(kind);
  const auto strategy = t.strategy(kind);
  const auto state = tensor::state_of(*t.net);
  const auto before = copies(state), alpha = copies(strategy->architecture().state());
  base::Random random(1, "test");
  for (int i = 0; i < 4; ++i) strategy->architecture_step({t.images, t.labels}, random);
  for (std::size_t i = 0; i < state.size(); ++i) {
    INFO(state[i].first);
    CHECK(same_bits(state[i].second, before[i]));
    CHECK_FALSE(state[i].second.grad().defined());
  }
  bool moved = false;
  for (std::size_t b = 0; b < alpha.size(); ++b) {
    moved = moved || !same_bits(alpha[b], strategy->architecture().alpha()[b]);
  }
  // It moved, unless the strategy chooses by trying networks at the end.
  const auto even = [](const Choice&) { return 0.5; };
  CHECK(moved != strategy->conclude(even, 4, random).has_value());
  // And training goes on afterwards.
  for (const auto& [name, weight] : t.net->weights()) CHECK(weight.requires_grad());
}

TEST_CASE("Two paths a step: the pair keeps its probability, the others keep theirs", "[search]") {
  Tiny t;
  const auto strategy = t.strategy("gradient");
  base::Random random(7, "test");
  for (int step = 0; step < 6; ++step) {
    const auto before = strategy->architecture().probabilities();
    strategy->architecture_step({t.images, t.labels}, random);
    const auto after = strategy->architecture().probabilities();
    for (std::size_t b = 0; b < before.size(); ++b) {
      std::vector<std::size_t> changed;
      double pair_before = 0, pair_after = 0;
      for (std::size_t i = 0; i < before[b].size(); ++i) {
        if (std::abs(after[b][i] - before[b][i]) < 1e-6) continue;
        changed.push_back(i);
        pair_before += before[b][i];
        pair_after += after[b][i];
      }
      CHECK((changed.size() == 2 || changed.empty()));
      CHECK(pair_after == Approx(pair_before).epsilon(1e-5));
    }
  }
}

TEST_CASE("At the start all paths are equally likely, and are drawn so", "[search]") {
  Tiny t;
  const auto strategy = t.strategy("gradient");
  for (const auto& block : strategy->architecture().probabilities()) {
    for (const double p : block) CHECK(p == Approx(1 / static_cast<double>(block.size())).epsilon(0.01));
  }
  CHECK(strategy->architecture().entropy() == Approx((std::log(3) + std::log(4)) / 2).epsilon(1e-3));
  base::Random random(11, "test");
  std::vector<int> counts(4);
  for (int i = 0; i < 4000; ++i) ++counts[strategy->architecture().sample(random)[1]];
  for (const int count : counts) CHECK(std::abs(count - 1000) < 5 * std::sqrt(750));
  counts.assign(4, 0);
  for (int i = 0; i < 1000; ++i) ++counts[draw({0.5, 0.25, 0, 0.25}, random, 0)];
  CHECK(counts[0] == 0);
  CHECK(counts[2] == 0);
  CHECK(std::abs(counts[1] - 500) < 80);
}

TEST_CASE("A path of the supernet is the network of that choice", "[search]") {
  Tiny t;
  const Choice choice = {2, GENERATE(std::size_t{1}, std::size_t{3})};
  model::ImageNetwork alone(t.space.network(choice));
  const auto of_path = t.net->path_state(choice);
  const auto own = tensor::state_of(alone);
  REQUIRE(of_path.size() == own.size());
  {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < own.size(); ++i) {
      CHECK(of_path[i].first == own[i].first);
      torch::Tensor(own[i].second).copy_(of_path[i].second);
    }
  }
  alone.use_channels_last();
  alone.train();
  const torch::NoGradGuard no_grad;
  CHECK(torch::allclose(alone.forward(t.images), t.net->forward_path(t.images, choice), 1e-5, 1e-6));
}

TEST_CASE("REINFORCE climbs towards the rewarded path", "[search]") {
  Tiny t;
  ObjectiveConfig cheap;  // accuracy of an untrained network is noise: the cost decides
  cheap.metric = "macs";
  cheap.loss = "add_linear";
  cheap.reference = 1000;
  cheap.reward_exponent = 3;
  const auto strategy = t.strategy("reinforce", cheap);
  base::Random random(2, "test");
  const double before = strategy->objective().expected(strategy->architecture().probabilities());
  for (int i = 0; i < 40; ++i) strategy->architecture_step({t.images, t.labels}, random);
  CHECK(strategy->objective().expected(strategy->architecture().probabilities()) < 0.9 * before);
}
