// One training run of an image network, from its config to its line in runs.jsonl: what `nas-search train`
// does. In the output folder: network.json, weights.safetensors, result.json (written last: it says that the
// run is finished), events.jsonl and checkpoint.safetensors while it trains.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/config.h"
#include "config/visitor.h"
#include "data/images/config.h"
#include "network/compact.h"
#include "train/batch_config.h"
#include "train/images/pretrained.h"
#include "train/loop_config.h"
#include "train/run/run_folder.h"

namespace frugal::train {

struct NetworkChoice {
  std::string file;  // a network.json; else `line` is expanded
  network::CompactNetwork line;

  void visit(config::Visitor& v);
  network::NetworkConfig load(const std::string& place) const;
};

struct ImageRunConfig {
  std::string name;  // for people; stands in runs.jsonl
  std::int64_t seed = 0, threads = 0;
  NetworkChoice network;
  data::DataConfig data;
  BatchConfig batch;
  bool channels_last = true;
  std::string initial_weights;  // safetensors to start from: all of this very network
  PretrainedConfig pretrained;
  bool balanced_loss = false;
  LoopConfig loop;
  std::string runs;  // file that gets the line; empty: runs.jsonl beside the output folder

  ImageRunConfig();
  void visit(config::Visitor& v);
};

// Trains, or says that it was done before. Returns the line of runs.jsonl.
nlohmann::ordered_json run_images(const ImageRunConfig& config, const RunOptions& options,
                                  Communicator& communicator);

}  // namespace frugal::train
