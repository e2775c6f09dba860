#include "search/profile/meter.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include "base/error.h"
#include "base/stop.h"
#include "search/profile/module.h"

namespace frugal::search {
namespace {

double quantile(std::vector<double> values, double at) {
  std::sort(values.begin(), values.end());
  const double position = at * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

constexpr std::int64_t fewest = 5;  // single runs of a sample

// A bottleneck of middling size: the kernels that the spaces here are made of.
Piece reference_piece() {
  network::MBConvLayer layer;
  layer.in_channels = layer.out_channels = 24;
  layer.kernel_size = 5;
  layer.expand_ratio = 4;
  network::Block block;
  block.set(layer);
  block.shortcut = true;
  return block_piece(block, {24, 14, 14}, "reference");
}

}  // namespace

void MeterConfig::visit(config::Visitor& v) {
  v.field("rounds", rounds, config::between(3, 10000), "interleaved rounds");
  v.field("sample_ms", sample_ms, config::greater_than(0), "a sample repeats the work for about as long");
  v.field("quantile", quantile, config::Range{0, 1, false, true},
          "of the runs of a sample and of the samples of the rounds, what is told; lower on a machine that "
          "others use");
  v.choice("clock", clock, {"wall", "cpu"}, "wall time, or processor time (one thread) on a shared machine");
}

Meter::Meter(const MeterConfig& config, double reference_ms, bool channels_last)
    : config_(config), reference_ms_(reference_ms) {
  const Piece piece = reference_piece();
  const Forward forward = deployed(piece, channels_last);
  const torch::Tensor input = made_up_input(piece.in, 1, channels_last);
  reference_ = [forward, input] { forward(input); };
  const c10::InferenceMode inference;
  time(reference_, 20);
  reference_repetitions_ =
      std::max<std::int64_t>(fewest, std::llround(0.3 * config_.sample_ms / time(reference_, 20)));
  std::vector<double> samples;
  for (int i = 0; i < 41; ++i) samples.push_back(time(reference_, reference_repetitions_));
  if (reference_ms_ <= 0) reference_ms_ = quantile(samples, config_.quantile);
  recent_.assign(samples.end() - 3, samples.end());
}

double Meter::now_ms() const {
  timespec at{};
  clock_gettime(config_.clock == "cpu" ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &at);
  return 1e3 * static_cast<double>(at.tv_sec) + 1e-6 * static_cast<double>(at.tv_nsec);
}

// A quantile of single runs: one that another program interrupted says nothing of the work.
double Meter::time(const std::function<void()>& work, std::int64_t repetitions) const {
  std::vector<double> each;
  for (std::int64_t i = 0; i < repetitions; ++i) {
    const double start = now_ms();
    work();
    each.push_back(now_ms() - start);
  }
  return quantile(std::move(each), config_.quantile);
}

double Meter::slowness() {
  recent_.erase(recent_.begin());
  recent_.push_back(time(reference_, reference_repetitions_));
  return quantile(recent_, config_.quantile) / reference_ms_;
}

std::vector<Measured> Meter::measure(const std::vector<std::function<void()>>& work) {
  const c10::InferenceMode inference;
  std::vector<std::int64_t> repetitions;
  for (const auto& one : work) {
    time(one, 2);  // kernels are chosen and memory is got at the first calls
    const double once = std::max(1e-6, time(one, 3));
    repetitions.push_back(
        std::clamp<std::int64_t>(std::llround(config_.sample_ms / once), fewest, std::int64_t{100000}));
  }
  std::vector<std::vector<double>> samples(work.size());
  for (std::int64_t round = 0; round < config_.rounds; ++round) {
    for (std::size_t i = 0; i < work.size(); ++i) {
      base::stop_if_requested();
      const double slow = slowness();
      samples[i].push_back(time(work[i], repetitions[i]) / slow);
    }
  }
  std::vector<Measured> measured;
  for (std::size_t i = 0; i < work.size(); ++i) measured.push_back(told(samples[i], repetitions[i]));
  return measured;
}

std::vector<Measured> Meter::measure_within(const std::vector<Chain>& chains, std::size_t results) {
  const c10::InferenceMode inference;
  std::vector<std::vector<double>> samples(results);
  std::map<std::size_t, std::vector<double>> each;                  // of one visit, by result
  for (std::int64_t round = -1; round < config_.rounds; ++round) {  // the first warms up
    for (const Chain& chain : chains) {
      base::stop_if_requested();
      const double slow = slowness();
      each.clear();
      for (std::int64_t run = -1; run < fewest; ++run) {  // here too: caches held another network
        chain.start();
        double start = now_ms();
        for (const Step& step : chain.steps) {
          step.run();
          const double end = now_ms();
          if (run >= 0) each[step.which].push_back(end - start);
          start = end;
        }
      }
      if (round < 0) continue;
      for (auto& [which, times] : each)
        samples[which].push_back(quantile(std::move(times), config_.quantile) / slow);
    }
  }
  std::vector<Measured> measured;
  for (const auto& of_result : samples) measured.push_back(told(of_result, fewest));
  return measured;
}

Measured Meter::told(const std::vector<double>& samples, std::int64_t repetitions) const {
  FRUGAL_ASSERT(!samples.empty(), "every result is measured");
  return {quantile(samples, config_.quantile), quantile(samples, 0.25), quantile(samples, 0.75),
          static_cast<std::int64_t>(samples.size()) * repetitions};
}

}  // namespace frugal::search
