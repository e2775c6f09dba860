// What learns in an adaptation: the network on integers by the kernels of a device, or, for comparison, the
// float network that it stands for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "adapt/config.h"
#include "adapt/replay.h"
#include "quant/trainer.h"
#include "sparse/scheme.h"

namespace frugal::adapt {

class Learner {
 public:
  virtual ~Learner() = default;

  // One step on these samples; the mean of their losses before it. Throws Failure where a loss or a gradient
  // is no finite number.
  virtual double step(const quant::Samples& samples, std::span<const std::size_t> which,
                      double learning_rate) = 0;
  virtual quant::Score evaluate(const quant::Samples& samples) = 0;
  // Of each sample: what an auto-encoder calls it unusual by. None of what does not learn on integers.
  virtual std::vector<double> losses(const quant::Samples&) { return {}; }

  // The network as it learnt so far, and which of its parameters are trained.
  virtual ir::Model model() const = 0;
  virtual std::vector<ir::TensorId> trained() const = 0;
  virtual std::vector<quant::TrainedState> state() const = 0;
  // Goes on from what model() and state() gave, of a learner made like this one.
  virtual void restore(const ir::Model& model, std::vector<quant::TrainedState> state,
                       std::int64_t steps) = 0;
  // Latent replay: null without it. Old examples are taken in before the first step.
  virtual ReplayMemory* memory() const { return nullptr; }
  virtual void remember(const quant::Samples& samples, std::span<const std::size_t> which) = 0;
  // Channels that are left as they are: "blocks.3.weight: 4 of 96".
  virtual std::vector<std::string> untrained() const { return {}; }
};

// Makes what learns in float; what computes that comes from outside (in_float/learner.h), so that this room
// needs no torch.
using MakeFloatLearner = std::function<std::unique_ptr<Learner>(
    const ir::Model& start, const sparse::UpdateScheme& scheme, const AdaptConfig& config)>;

// `start` has a head in float.
std::unique_ptr<Learner> make_learner(const ir::Model& start, const sparse::UpdateScheme& scheme,
                                      const AdaptConfig& config, const MakeFloatLearner& in_float);

}  // namespace frugal::adapt
