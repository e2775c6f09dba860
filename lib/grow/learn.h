// Learns a growth operator: its factors by AdamW on the pretraining loss of the large model at the expanded
// weights, some 100 steps; then the large model is written as a Hugging Face directory. The steps are the
// trainer's own loop (checkpoints, resume to the same bytes, several processes); gradients flow to the
// factors through the expansion, so that the large weights stand in memory once.
//
// It fails loudly where nothing was learned: the factors did not move, or the loss did not fall.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "grow/ligo.h"
#include "grow/operator.h"
#include "train/loop_config.h"
#include "train/transformers/objective.h"
#include "train/transformers/run.h"

namespace frugal::grow {

struct LearnConfig {
  std::string model;              // the small model's directory
  std::vector<std::string> drop;  // its tensors without a role that may be left behind
  TargetConfig target;
  LigoConfig ligo;
  train::ObjectiveConfig objective;
  std::int64_t seed = 0, threads = 0;
  std::vector<double> search;      // learning rates to try before; empty: loop.schedule.lr_peak as it stands
  std::int64_t search_steps = 10;  // of each
  std::int64_t evaluate_steps = 0;
  train::LoopConfig loop;
  std::string runs;

  LearnConfig();
  void visit(config::Visitor& v);
};

// What is left of a learned operator: the line of runs.jsonl, with "parameters" of the operator,
// "start_loss", "loss", "moved", and "compute" in FLOPs.
nlohmann::ordered_json learn(const LearnConfig& config, const train::RunOptions& options,
                             train::Communicator& communicator);

}  // namespace frugal::grow
