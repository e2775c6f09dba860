// One adaptation: a network on integers learns a few labelled images, as it would on a device. In the output
// folder: model/ (the network as it learnt, graph and numbers), scheme.json, result.json (written last),
// report.html, events.jsonl, and checkpoint.safetensors while it runs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "adapt/config.h"
#include "train/run_folder.h"

namespace frugal::adapt {

// Trains, or says that it was done before. Returns the line of runs.jsonl.
nlohmann::ordered_json run(const AdaptConfig& config, const train::RunOptions& options);

}  // namespace frugal::adapt
