// How a method turns a batch's gradient of one parameter into a change of its stored numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autodiff/backward.h"
#include "autodiff/scaling.h"
#include "quant/program.h"
#include "quant/trainer.h"

namespace frugal::quant {

// A seed as devices have it: 32 bits.
std::uint32_t folded_seed(std::uint64_t seed);
// What stochastic rounding draws from in a step.
std::uint32_t rounding_seed(std::uint64_t seed, std::int64_t step);

class ParameterUpdate {
 public:
  // `unusable` is raised by the channels whose scale allows no update: all weights 0, or a bias at the ends
  // of int32.
  ParameterUpdate(const ir::Model& model, const autodiff::Gradient& gradient, const TrainerConfig& config,
                  const Parameters& parameters, std::uint32_t first_place, std::int64_t& unusable);

  // gradient: mean over the batch. step: counted from 0, over the whole training.
  void apply(Parameters& parameters, std::span<float> gradient, double learning_rate, std::int64_t step);

  std::size_t size() const { return size_; }
  TrainedState state() const { return state_; }
  void restore(TrainedState state) { state_ = std::move(state); }

 private:
  void momentum(std::span<float> gradient);
  void adam(std::span<float> gradient, std::int64_t step);
  void lars(const Parameters& parameters, std::span<float> gradient);
  void keep_latent(Parameters& parameters, std::span<const float> gradient, float rate);
  std::size_t place_of(std::size_t i) const;  // of gradient element i in the parameter's memory
  std::size_t channel_of(std::size_t i) const;

  TrainerConfig config_;
  ir::TensorId parameter_;
  ir::DataType type_;
  ops_update shape_{};
  std::vector<std::int32_t> channels_;
  std::vector<float> factor_;  // QAS, one an output channel; 0: not trained
  std::size_t size_ = 0;
  TrainedState state_;
};

}  // namespace frugal::quant
