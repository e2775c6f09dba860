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
#include "data/config.h"
#include "search/run/run.h"
#include "train/loop_config.h"

namespace frugal::search {

struct SearchConfig {
  std::string name;
  std::int64_t seed = 0, threads = 0;
  std::string space_file;  // else `space`
  SpaceConfig space;
  data::DataConfig data;
  std::int64_t batch_size = 64, held_out_batch = 0, workers = 1;
  double label_smoothing = 0.1;
  StrategyConfig strategy;
  ScheduleConfig schedule;
  train::OptimizerConfig optimizer;  // of the weights
  ObjectiveConfig objective;
  std::vector<ObjectiveConfig> devices;  // instead of `objective`: one network each
  std::int64_t recalibration_batches = 32;
  std::int64_t log_every = 50, checkpoint_every = 0;
  double checkpoint_seconds = 60;

  SearchConfig();
  void visit(config::Visitor& v);
  SearchSpace load_space(const std::string& origin) const;
};

struct SearchOptions {
  std::string out, origin;  // origin: the config's file, for messages
  bool resume = false, quiet = false;
  std::string device = "cpu";
};

// Searches, or says that it was done before. Returns what search.json holds.
nlohmann::ordered_json run_search(const SearchConfig& config, const SearchOptions& options);

}  // namespace frugal::search
