// What a trainer does with the gradients that the backward pass of each image leaves: sums them over a batch
// and changes the stored numbers. In floats (float_optimizer.cpp), or without any (integer_optimizer.cpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "autodiff/backward.h"
#include "quant/program.h"
#include "quant/trainer.h"

namespace frugal::quant {

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  virtual void begin(std::size_t images) = 0;         // a batch of so many
  virtual void take(const Workspace& workspace) = 0;  // one image's, in the order of the batch
  // The mean's step. step: counted from 0, over the whole training. Throws Failure where a gradient is no
  // finite number.
  virtual void apply(Parameters& parameters, double learning_rate, std::int64_t step) = 0;

  virtual std::vector<TrainedState> state() const = 0;
  virtual void restore(std::vector<TrainedState> state) = 0;
  // Channels left as they are: "blocks.3.weight: 4 of 96".
  const std::vector<std::string>& untrained() const { return untrained_; }

 protected:
  void note_untrained(const ir::Tensor& parameter, std::int64_t channels);

 private:
  std::vector<std::string> untrained_;
};

std::unique_ptr<Optimizer> make_float_optimizer(const autodiff::TrainingGraph& training,
                                                const TrainerConfig& config, const Parameters& parameters);
std::unique_ptr<Optimizer> make_integer_optimizer(const autodiff::TrainingGraph& training,
                                                  const TrainerConfig& config);

}  // namespace frugal::quant
