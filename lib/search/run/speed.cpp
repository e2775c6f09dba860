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

}  // namespace

std::vector<std::string> supernet_step_names() {
  return {"weight", "architecture", "recompute", "mixture", "mixture_architecture",
          "darts",  "mixed",        "heaviest"};
}

nlohmann::ordered_json measure_supernet(const SearchSpace& space, const SupernetSpeedOptions& options) {
  const int threads = tensor::set_threads(options.threads);
  const auto seed = static_cast<std::uint64_t>(options.seed);
  tensor::seed_torch(seed);
  const std::uint64_t loaded = report::peak_resident_bytes();
  const std::string& step_name = options.step;
  const bool mixture = step_name.starts_with("mixture") || step_name == "darts";
  const SpaceConfig& config = space.config();
  const Objective objective(ObjectiveConfig{}, space, "objective");
  StrategyConfig strategy_config;
  strategy_config.kind = mixture ? "darts" : step_name == "recompute" ? "recompute" : "gradient";
  // The heaviest path is trained as a network of its own: what a search is compared with.
  std::optional<Supernet> net;
  std::optional<model::ImageNetwork> alone;
  std::unique_ptr<Strategy> strategy;
  tensor::NamedTensors weights;
  if (step_name == "heaviest") {
    alone.emplace(space.network(heaviest_path(objective.costs())));
    alone->use_channels_last();
    for (const auto& item : alone->named_parameters()) weights.emplace_back(item.key(), item.value());
  } else {
    net.emplace(space);
    net->use_channels_last();
    net->train();
    strategy = make_strategy(*net, objective, strategy_config, seed, "target.0");
    weights = net->weights();
  }
  train::Optimizer optimizer(train::OptimizerConfig{}, weights);
  const torch::Tensor images =
      torch::randn({options.batch_size, config.input_channels, config.resolution, config.resolution})
          .contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::Tensor labels = torch::randint(config.classes, {options.batch_size}, torch::kInt64);
  base::Random random(seed, "speed");
  double loss_value = 0;
  const auto weight_step = [&] {
    const torch::Tensor logits =
        alone ? alone->forward(images) : strategy->weight_logits(images, false, random);
    const torch::Tensor loss = torch::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, 0.1);
    loss_value = loss.item<double>();
    loss.backward();
    optimizer.step(0.01);
  };
  const auto architecture_step = [&] { strategy->architecture_step({images, labels}, random); };
  const auto step = [&](std::int64_t i) {
    if (step_name == "architecture" || step_name == "recompute" || step_name == "mixture_architecture") {
      architecture_step();
      return;
    }
    weight_step();
    if (step_name == "darts" || (step_name == "mixed" && i % 5 == 4)) architecture_step();
  };
  for (std::int64_t i = 0; i < 5; ++i) step(i);  // the pools of memory fill
  const auto wall = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  for (std::int64_t i = 0; i < options.steps; ++i) step(i);
  const auto steps = static_cast<double>(options.steps);
  const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / steps;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count() / steps;
  std::int64_t parameters = 0;
  for (const auto& [name, value] : weights) parameters += value.numel();
  return {{"value", cpu_seconds},
          {"seconds", seconds},
          {"peak_mib", static_cast<double>(report::peak_resident_bytes() - loaded) / (1 << 20)},
          {"step", step_name},
          {"operations", space.operation_count()},
          {"parameters", parameters},
          {"batch", options.batch_size},
          {"threads", threads},
          {"loss", loss_value}};
}

}  // namespace frugal::search
