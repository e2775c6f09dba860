#include "search/run/speed.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "report/result.h"
#include "search/strategy/strategy.h"
#include "tensor/device.h"

namespace frugal::search {
namespace {

Choice heaviest_path(const BlockCosts& costs) {
  Choice choice;
  for (const auto& block : costs.of) {
    choice.push_back(static_cast<std::size_t>(std::max_element(block.begin(), block.end()) - block.begin()));
  }
  return choice;
}

// What is timed: a strategy on a supernet, or the heaviest path as a network of its own, which is what a
// search is compared with; on one made-up batch.
class TimedStep {
 public:
  TimedStep(const SearchSpace& space, const SupernetSpeedOptions& options)
      : step_name_(options.step),
        objective_(ObjectiveConfig{}, space, "objective"),
        random_(static_cast<std::uint64_t>(options.seed), "speed") {
    const SpaceConfig& config = space.config();
    if (step_name_ == "heaviest") {
      alone_.emplace(space.network(heaviest_path(objective_.costs())));
      alone_->use_channels_last();
      for (const auto& item : alone_->named_parameters()) weights_.emplace_back(item.key(), item.value());
    } else {
      net_.emplace(space);
      net_->use_channels_last();
      net_->train();
      StrategyConfig strategy;
      const bool mixture = step_name_.starts_with("mixture") || step_name_ == "darts";
      strategy.kind = mixture ? "darts" : step_name_ == "recompute" ? "recompute" : "gradient";
      strategy_ =
          make_strategy(*net_, objective_, strategy, static_cast<std::uint64_t>(options.seed), "target.0");
      weights_ = net_->weights();
    }
    optimizer_.emplace(train::OptimizerConfig{}, weights_);
    images_ = torch::randn({options.batch_size, config.input_channels, config.resolution, config.resolution})
                  .contiguous(torch::MemoryFormat::ChannelsLast);
    labels_ = torch::randint(config.classes, {options.batch_size}, torch::kInt64);
  }

  void step(std::int64_t i) {
    if (step_name_ == "architecture" || step_name_ == "recompute" || step_name_ == "mixture_architecture") {
      architecture_step();
      return;
    }
    weight_step();
    if (step_name_ == "darts" || (step_name_ == "mixed" && i % 5 == 4)) architecture_step();
  }

  double loss() const { return loss_; }

  std::int64_t parameters() const {
    std::int64_t count = 0;
    for (const auto& [name, value] : weights_) count += value.numel();
    return count;
  }

 private:
  void weight_step() {
    const torch::Tensor logits =
        alone_ ? alone_->forward(images_) : strategy_->weight_logits(images_, false, random_);
    const torch::Tensor loss = torch::cross_entropy_loss(logits, labels_, {}, at::Reduction::Mean, -100, 0.1);
    loss_ = loss.item<double>();
    loss.backward();
    optimizer_->step(0.01);
  }
  void architecture_step() { strategy_->architecture_step({images_, labels_}, random_); }

  std::string step_name_;
  Objective objective_;
  base::Random random_;
  std::optional<Supernet> net_;
  std::optional<model::ImageNetwork> alone_;
  std::unique_ptr<Strategy> strategy_;
  tensor::NamedTensors weights_;
  std::optional<train::Optimizer> optimizer_;
  torch::Tensor images_, labels_;
  double loss_ = 0;
};

}  // namespace

std::vector<std::string> supernet_step_names() {
  return {"weight", "architecture", "recompute", "mixture", "mixture_architecture",
          "darts",  "mixed",        "heaviest"};
}

nlohmann::ordered_json measure_supernet(const SearchSpace& space, const SupernetSpeedOptions& options) {
  const int threads = tensor::set_threads(options.threads);
  tensor::seed_torch(static_cast<std::uint64_t>(options.seed));
  const std::uint64_t loaded = report::peak_resident_bytes();
  TimedStep timed(space, options);
  for (std::int64_t i = 0; i < 5; ++i) timed.step(i);  // the pools of memory fill
  const auto wall = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  for (std::int64_t i = 0; i < options.steps; ++i) timed.step(i);
  const auto steps = static_cast<double>(options.steps);
  const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / steps;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count() / steps;
  return {{"value", cpu_seconds},
          {"seconds", seconds},
          {"peak_mib", static_cast<double>(report::peak_resident_bytes() - loaded) / (1 << 20)},
          {"step", options.step},
          {"operations", space.operation_count()},
          {"parameters", timed.parameters()},
          {"batch", options.batch_size},
          {"threads", threads},
          {"loss", timed.loss()}};
}

}  // namespace frugal::search
