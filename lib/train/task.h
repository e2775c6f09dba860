// What a training loop trains: anything that gives a loss on the batch of a step. Image classification is
// train/images/task.h; language models and the search's supernet are others.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "tensor/safetensors.h"

namespace frugal::train {

struct StepLoss {
  torch::Tensor loss;         // scalar with its graph: this process's share of the mean over the global batch
  std::int64_t examples = 0;  // of all processes in this step
};

// Means over what was evaluated, by name: "loss", "error".
using Metrics = std::map<std::string, double>;

class Task {
 public:
  virtual ~Task() = default;

  // What the optimiser updates, and all that a checkpoint must hold (parameters and buffers).
  virtual tensor::NamedTensors parameters() = 0;
  virtual tensor::NamedTensors state() = 0;

  virtual std::int64_t steps_per_epoch() const = 0;

  // Puts the data at a step, counted from the start of the training: at the beginning, after a resume, and at
  // every new epoch. Everything that a step draws at random must follow from (seed, step), so that a resumed
  // run needs no further state.
  virtual void start(std::int64_t step) = 0;
  virtual StepLoss loss(std::int64_t step) = 0;

  // The learning rate of a step, where the task has a schedule of its own.
  virtual std::optional<double> learning_rate(std::int64_t /*step*/) const { return std::nullopt; }

  // What to try where its numbers are no longer finite: keys of its own config.
  virtual std::string calmer() const {
    return "try a lower loop.schedule.lr_peak, a longer warm-up or loop.optimizer.clip_norm";
  }

  // Adds what is worth seeing to a line of events.jsonl. What it returns stands after the loss in the
  // progress.
  virtual std::string describe(nlohmann::ordered_json& /*event*/) { return ""; }

  // Evaluation of the present weights on what the task holds out; empty where there is nothing.
  virtual Metrics evaluate() { return {}; }
};

}  // namespace frugal::train
