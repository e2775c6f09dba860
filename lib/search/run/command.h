// One search, from its config to networks and a report: what `nas-search search` does. In the output folder:
// search.json (written last: it says that the search is finished), network.json and weights.safetensors of
// the derived path (in a folder a device where there are several), events.jsonl, and checkpoint.safetensors
// while it runs.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "data/images/config.h"
#include "search/run/run.h"
#include "search/supernet/inherit.h"
#include "train/loop_config.h"
#include "train/run/run_folder.h"

namespace frugal::search {

struct SearchConfig {
  std::string name;
  std::int64_t seed = 0, threads = 0;
  std::string space_file;  // else `space`
  SpaceConfig space;
  data::DataConfig data;
  train::BatchConfig batch{.label_smoothing = 0.1};  // of weight steps
  std::int64_t held_out_batch = 0;                   // 0: batch.size
  StrategyConfig strategy;
  ScheduleConfig schedule;
  train::OptimizerConfig optimizer;  // of the weights
  PretrainedNetwork pretrained;      // what the supernet starts from
  ObjectiveConfig objective;
  std::vector<ObjectiveConfig> devices;  // instead of `objective`: one network each
  std::int64_t recalibration_batches = 32;
  std::int64_t log_every = 50, checkpoint_every = 0;
  double checkpoint_seconds = 60;

  SearchConfig();
  void visit(config::Visitor& v);
  SearchSpace load_space(const std::string& origin) const;
};

// Searches, or says that it was done before. Returns what search.json holds. `origin`: the config's file, for
// messages about its space.
nlohmann::ordered_json run_search(const SearchConfig& config, const train::RunOptions& options,
                                  const std::string& origin);

}  // namespace frugal::search
