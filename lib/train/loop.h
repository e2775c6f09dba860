// The training loop that every trainer shares: schedule, optimiser, average of weights, log, checkpoints,
// stop and resume. A run that was killed and resumed ends in the same bytes as one that was not, because a
// step depends on the checkpoint's tensors and on (seed, step) alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

#include "train/loop_config.h"
#include "train/run/communicator.h"
#include "train/run/place.h"
#include "train/task.h"

namespace frugal::train {

struct LoopPlace : RunPlace {
  LoopPlace() = default;
  LoopPlace(RunPlace place) : RunPlace(std::move(place)) {}  // NOLINT(google-explicit-constructor)
  tensor::NamedTensors initial_optimizer;  // by the names of Optimizer::state: where a new run starts from
};

struct LoopResult {
  std::int64_t steps = 0, epochs = 0, examples_seen = 0;
  double train_loss = 0;  // mean over the examples of the last epoch (the objective, smoothing included)
  double seconds = 0;     // of training and evaluation, over all resumes
  Metrics metrics;        // evaluation of the final weights (the average, where there is one)
};

std::int64_t total_steps(const LoopConfig& config, std::int64_t steps_per_epoch);

// Trains to the end; the task is left with the final weights. Throws Interrupted after a checkpoint where a
// signal asked to stop, and Failure where the loss is no longer finite (the last good checkpoint is kept).
LoopResult run_loop(Task& task, const LoopConfig& config, const LoopPlace& place, Communicator& communicator);

}  // namespace frugal::train
