#include "train/images/speed.h"

#include <torch/torch.h>

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "model/image/network.h"
#include "tensor/device.h"
#include "tensor/layout.h"
#include "train/optimizer.h"

namespace frugal::train {

nlohmann::ordered_json measure_speed(const SpeedOptions& options) {
  using Clock = std::chrono::steady_clock;
  const network::NetworkConfig config = network::load_network(options.network);
  const double step_macs =
      3.0 * static_cast<double>(network::mac_count(config)) * static_cast<double>(options.batch_size);
  const int threads = tensor::set_threads(options.threads, step_macs);
  tensor::seed_torch(0);
  model::ImageNetwork network(config);
  network.train();
  torch::Tensor images =
      torch::randn({options.batch_size, config.input_channels(), config.resolution, config.resolution});
  const torch::Tensor labels = torch::randint(config.classes(), {options.batch_size}, torch::kInt64);
  if (options.channels_last) {
    network.use_channels_last();
    images = tensor::channels_last(images);
  }
  tensor::NamedTensors parameters;
  for (const auto& item : network.named_parameters()) parameters.emplace_back(item.key(), item.value());
  Optimizer optimizer(OptimizerConfig{}, parameters);
  double loss = 0;
  const auto step = [&] {
    const torch::Tensor value = torch::cross_entropy_loss(network.forward(images), labels);
    value.backward();
    optimizer.step(0.01);
    loss = value.item<double>();
  };
  for (int i = 0; i < 3; ++i) step();
  const auto start = Clock::now();
  const std::clock_t cpu = std::clock();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  std::int64_t steps = 0;
  for (; elapsed() < options.seconds; ++steps) step();
  const double seconds = elapsed();
  const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  const auto samples = static_cast<double>(steps * options.batch_size);
  return {{"value", samples / seconds},
          {"samples_per_cpu_s", samples / cpu_seconds},
          {"steps", steps},
          {"threads", threads},
          {"batch", options.batch_size},
          {"loss", loss}};
}

}  // namespace frugal::train
