// Compares growth methods with each other and with training from scratch, at equal compute and over several
// seeds: what each saves to reach a loss, with and without the cost of the small model. Each run has its
// folder and is skipped where it is done, so that a comparison that was interrupted goes on.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "grow/schedule.h"
#include "train/transformers/evaluate.h"
#include "train/transformers/run.h"

namespace frugal::grow {

struct CompareMethod {
  std::string name;  // empty: made of what follows
  GrowthStep growth;
  double lr_peak = 0;              // 0: as train.loop says
  std::int64_t warmup_steps = -1;  // −1: as train.loop says
  void visit(config::Visitor& v);
};

struct CompareConfig {
  std::vector<std::int64_t> seeds = {0, 1, 2};
  std::int64_t threads = 0;
  std::string source_path;             // a trained small model for all seeds; empty: one is trained a seed
  train::TransformerRunConfig source;  // how
  TargetConfig target;
  std::vector<CompareMethod> methods;
  bool scratch = true;
  double scratch_factor = 1;           // scratch trains this many times the steps
  train::TransformerRunConfig train;   // of the target; its steps are scratch's, operators' cost is taken off
  std::vector<double> losses;          // to say the compute to; scratch's final loss always
  train::NeighbourOptions neighbours;  // what the trained models' features are good for; count 0: not asked
  void visit(config::Visitor& v);
};

// Writes OUT/runs.jsonl (one line a run; scalefit reads it), OUT/curves.jsonl (loss against compute),
// OUT/result.json and OUT/report.html; returns the result.
nlohmann::ordered_json compare(const CompareConfig& config, const train::RunOptions& options);

}  // namespace frugal::grow
