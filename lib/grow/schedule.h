// A run in stages: train, grow, go on; any number of growths, fixed or learned. So one config trains a small
// model briefly, grows it and trains on, where there is no small model to start from; and several small
// growths take the place of one large one (staged training).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "grow/learn.h"
#include "grow/operator.h"
#include "train/transformers/run.h"

namespace frugal::grow {

// How one model becomes a larger one.
struct GrowthStep {
  std::string method = "plan";  // plan: the fixed operator; ligo: learned
  OperatorConfig plan;
  LigoConfig ligo;
  std::int64_t ligo_steps = 100;
  double ligo_lr = 3e-3;
  bool optimizer = false;  // Adam's moments grow along, where the small run kept them (plan only)

  void visit(config::Visitor& v);
  std::string label() const;  // "exact+identity", "ligo"
};

// Grows the model in `from` into the directory `to` unless that was done, and returns the FLOPs it took (0
// for a fixed operator). `train` is how the large model will be trained: a learned operator takes its data
// and batch from it.
double grow_directory(const GrowthStep& step, const TargetConfig& target,
                      const train::TransformerRunConfig& train, const std::string& from,
                      const std::string& to, const train::RunOptions& options,
                      train::Communicator& communicator);

struct Stage {
  TargetConfig target;  // ignored in the first stage
  GrowthStep growth;
  std::int64_t steps = 0;
  double lr_peak = 0;              // 0: as train.loop says
  std::int64_t warmup_steps = -1;  // −1: as train.loop says
  void visit(config::Visitor& v);
};

struct StagedConfig {
  train::TransformerRunConfig train;  // train.model is the first stage's
  std::vector<Stage> stages;
  void visit(config::Visitor& v);
};

// OUT/stage-N (and OUT/grown-N between them); the last stage's directory is the result. One line a stage goes
// to OUT/runs.jsonl; "compute" of the result sums them and the operators.
nlohmann::ordered_json run_staged(const StagedConfig& config, const train::RunOptions& options,
                                  train::Communicator& communicator);

}  // namespace frugal::grow
