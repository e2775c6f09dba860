// The optimisers: SGD with Nesterov momentum (as PyTorch defines it: Sutskever et al. 2013 in its rewritten
// form) and Adam with coupled or decoupled weight decay (Kingma, Ba 2015; Loshchilov, Hutter 2019). One pass
// over each parameter, its gradient and its state, without temporaries, for float32 on the CPU; by torch's
// operations elsewhere.
//
// A parameter without a gradient is left alone entirely: no decay, no momentum. The architecture search needs
// that of candidates that were not sampled.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tensor/safetensors.h"
#include "train/loop_config.h"

namespace frugal::train {

class Optimizer {
 public:
  Optimizer(const OptimizerConfig& config, const tensor::NamedTensors& parameters);

  // Applies the gradients in `.grad` (which are then dropped). Returns the norm of all gradients before
  // clipping where clipping is on, else 0.
  double step(double learning_rate);

  // What a checkpoint needs, by name ("momentum.NAME", "exp_avg.NAME", "exp_avg_sq.NAME", "updates"): the
  // tensors themselves, to be written or read into.
  tensor::NamedTensors state() const;

 private:
  struct Slot {
    std::string name;
    torch::Tensor parameter, first, second;
    double weight_decay = 0, lr_scale = 1;
    std::int64_t index = 0;  // in updates_
  };

  // What an update of Adam multiplies by, the count of updates in it.
  struct AdamFactors {
    double step_size, root_correction, coupled_decay, shrink;
  };

  double gradient_square() const;  // of all gradients
  AdamFactors adam_factors(const Slot& slot, double learning_rate) const;
  void step_in_torch(Slot& slot, const torch::Tensor& gradient, double learning_rate, double scale);
  void step_sgd(Slot& slot, const torch::Tensor& gradient, float learning_rate, float scale);
  void step_adam(Slot& slot, const torch::Tensor& gradient, double learning_rate, float scale);

  OptimizerConfig config_;
  std::vector<Slot> slots_;
  torch::Tensor updates_;  // int64: how often each parameter was updated
};

// Exponential moving average of a module's state, with the warm-up of TensorFlow's (decay rises to its value
// as (1 + n) / (10 + n)), so that the start does not linger.
class WeightAverage {
 public:
  WeightAverage(double decay, const tensor::NamedTensors& state);

  void update(std::int64_t updates_before);
  void swap();  // exchanges average and live weights: before and after an evaluation

  // "ema.NAME"
  tensor::NamedTensors state() const;

 private:
  double decay_;
  tensor::NamedTensors live_, average_;
};

}  // namespace frugal::train
