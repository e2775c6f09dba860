// The training loop that every trainer shares: schedule, optimiser, average of weights, log, checkpoints,
// stop and resume. A run that was killed and resumed ends in the same bytes as one that was not, because a
// step depends on the checkpoint's tensors and on (seed, step) alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/visitor.h"
#include "train/communicator.h"
#include "train/optimizer.h"
#include "train/schedule.h"
#include "train/task.h"

namespace frugal::train {

struct LoopConfig {
  double epochs = 10;
  std::int64_t steps = 0;  // instead of epochs, where > 0
  ScheduleConfig schedule;
  OptimizerConfig optimizer;
  double ema_decay = 0;               // 0: no average
  std::int64_t evaluate_every = 0;    // epochs; 0: only at the end
  std::int64_t log_every = 50;        // steps
  std::int64_t checkpoint_every = 0;  // steps; 0: checkpoint_seconds alone decides
  double checkpoint_seconds = 60;     // of wall clock

  void visit(config::Visitor& v);
};

struct LoopPlace {
  std::string folder;       // checkpoint.safetensors and events.jsonl go here; empty: nothing is written
  std::string config_hash;  // a checkpoint of another config is refused
  std::uint64_t seed = 0;
  bool resume = false, quiet = false;
  std::string label = "train";
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
