// Our updates against LibTorch's own optimisers, step by step. float32 goes through our loops, float64
// through torch's operations, which is what parameters on a GPU take.
#include "train/optimizer.h"

#include <torch/torch.h>

#include "support/test.h"

using namespace frugal;
using train::Optimizer;
using train::OptimizerConfig;

namespace {

struct Pair {
  std::vector<torch::Tensor> ours, theirs;
  tensor::NamedTensors named;
};

constexpr c10::ScalarType types[] = {torch::kFloat32, torch::kFloat64};

Pair make_pair(c10::ScalarType type = torch::kFloat32) {
  torch::manual_seed(3);
  Pair pair;
  int i = 0;
  for (const auto& value : {torch::randn({7, 3, 3, 3}), torch::randn({11})}) {
    pair.ours.push_back(value.to(type, false, /*copy=*/true).requires_grad_());
    pair.theirs.push_back(value.to(type, false, /*copy=*/true).requires_grad_());
    pair.named.emplace_back("p" + std::to_string(i++), pair.ours.back());
  }
  // One of them in NHWC order: updates must not depend on it.
  pair.ours[0].set_data(pair.ours[0].detach().contiguous(torch::MemoryFormat::ChannelsLast));
  return pair;
}

void set_gradients(Pair& pair, int step) {
  torch::manual_seed(100 + step);
  for (std::size_t i = 0; i < pair.ours.size(); ++i) {
    const torch::Tensor gradient = torch::randn(pair.ours[i].sizes()).to(pair.ours[i].scalar_type());
    pair.ours[i].mutable_grad() = gradient.clone();
    pair.theirs[i].mutable_grad() = gradient.clone();
  }
}

template <class Theirs>
void compare(const OptimizerConfig& config, Pair& pair, Theirs& theirs, double clip = 0) {
  Optimizer ours(config, pair.named);
  for (int step = 0; step < 20; ++step) {
    set_gradients(pair, step);
    if (clip > 0) torch::nn::utils::clip_grad_norm_(pair.theirs, clip);
    ours.step(0.05);
    theirs.step();
  }
  for (std::size_t i = 0; i < pair.ours.size(); ++i) {
    CHECK((pair.ours[i] - pair.theirs[i]).abs().max().template item<double>() < 2e-5);
  }
}

}  // namespace

TEST_CASE("SGD with momentum (Nesterov's and plain) and decay is LibTorch's", "[train]") {
  OptimizerConfig config;
  config.weight_decay = 0.01;
  for (const c10::ScalarType type : types) {
    for (const bool nesterov : {true, false}) {
      Pair pair = make_pair(type);
      config.nesterov = nesterov;
      const auto options = torch::optim::SGDOptions(0.05).momentum(0.9).nesterov(nesterov).weight_decay(0.01);
      torch::optim::SGD theirs(pair.theirs, options);
      compare(config, pair, theirs);
    }
  }
}

TEST_CASE("plain SGD, clipped, is LibTorch's", "[train]") {
  OptimizerConfig config;
  config.momentum = 0;
  config.weight_decay = 0;
  config.clip_norm = 1.5;
  for (const c10::ScalarType type : types) {
    Pair pair = make_pair(type);
    torch::optim::SGD theirs(pair.theirs, torch::optim::SGDOptions(0.05));
    compare(config, pair, theirs, 1.5);
  }
}

TEST_CASE("Adam and AdamW are LibTorch's", "[train]") {
  OptimizerConfig config;
  config.weight_decay = 0.1;
  for (const c10::ScalarType type : types) {
    Pair coupled = make_pair(type), apart = make_pair(type);
    config.kind = "adam";
    torch::optim::Adam adam(coupled.theirs, torch::optim::AdamOptions(0.05).weight_decay(0.1));
    compare(config, coupled, adam);
    config.kind = "adamw";
    torch::optim::AdamW adamw(apart.theirs, torch::optim::AdamWOptions(0.05).weight_decay(0.1));
    compare(config, apart, adamw);
  }
}

TEST_CASE("a parameter without a gradient is left alone", "[train]") {
  Pair pair = make_pair();
  OptimizerConfig config;
  config.weight_decay = 0.5;
  Optimizer optimizer(config, pair.named);
  set_gradients(pair, 0);
  optimizer.step(0.1);
  CHECK_FALSE(pair.ours[0].grad().defined());  // dropped after use
  const torch::Tensor before = pair.ours[0].detach().clone();
  set_gradients(pair, 1);
  pair.ours[0].mutable_grad().reset();
  optimizer.step(0.1);
  CHECK(torch::equal(pair.ours[0], before));
}

TEST_CASE("names listed in no_decay are not decayed", "[train]") {
  Pair pair = make_pair();
  OptimizerConfig config;
  config.weight_decay = 0.5;
  config.momentum = 0;
  config.no_decay = {"p1"};
  Optimizer optimizer(config, pair.named);
  const torch::Tensor before = pair.ours[1].detach().clone();
  for (torch::Tensor& parameter : pair.ours) parameter.mutable_grad() = torch::zeros_like(parameter);
  const torch::Tensor decayed = pair.ours[0].detach() * (1 - 0.1 * 0.5);
  optimizer.step(0.1);
  CHECK(torch::equal(pair.ours[1], before));
  CHECK(torch::allclose(pair.ours[0], decayed));
}

TEST_CASE("the average of weights follows its recurrence and swaps back", "[train]") {
  for (const c10::ScalarType type : types) {
    torch::Tensor live = torch::zeros({4}, type);
    train::WeightAverage average(0.5, {{"w", live}});
    live.fill_(1);
    average.update(0);  // warm-up: keeps 1/10
    average.update(1000);
    const torch::Tensor expected = torch::full({4}, 0.5 * 0.9 + 0.5, type);
    average.swap();
    CHECK(torch::allclose(live, expected));
    average.swap();
    CHECK(torch::equal(live, torch::ones({4}, type)));
  }
}
