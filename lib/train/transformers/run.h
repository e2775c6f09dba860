// One training run of a transformer, from its config to its line in runs.jsonl: what `ligo-grow train` does.
// The output folder is a Hugging Face directory (config.json, model.safetensors, tokenizer files), with
// result.json (written last: it says that the run is finished), events.jsonl, and checkpoint.safetensors
// while it trains.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/config.h"
#include "config/visitor.h"
#include "train/loop_config.h"
#include "train/run/run_folder.h"
#include "train/transformers/drop.h"
#include "train/transformers/model.h"
#include "train/transformers/objective.h"

namespace frugal::train {

struct TransformerRunConfig {
  std::string name;  // for people; stands in runs.jsonl
  std::int64_t seed = 0, threads = 0;
  std::int64_t data_stream = 0;  // which of the seed's streams of batches and masks
  ModelChoice model;
  ObjectiveConfig objective;
  std::int64_t accumulate = 1;      // parts that a step's batch is taken in
  std::int64_t evaluate_steps = 0;  // 0: evaluation by epochs, as loop says
  bool keep_optimizer = false;      // write the optimiser's moments beside the weights
  bool start_optimizer = false;     // start from the moments beside model.path
  DropConfig drop;
  LoopConfig loop;
  std::string runs;

  TransformerRunConfig();  // defaults of language models: AdamW 2e-3, 50 steps of warm-up, cosine to 10 %
  void visit(config::Visitor& v);
};

// Trains, or says that it was done before. Returns the line of runs.jsonl.
nlohmann::ordered_json run_transformer(const TransformerRunConfig& config, const RunOptions& options,
                                       Communicator& communicator);

// FLOPs of one training step: three forward passes of the batch (Kaplan et al. 2020's count).
double step_flops(const model::TransformerConfig& model, const Objective& objective);

}  // namespace frugal::train
