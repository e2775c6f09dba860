// One adaptation: a network on integers learns a few labelled images, as it would on a device. In the output
// folder: model/ (the network as it learnt, graph and numbers), scheme.json, result.json (written last),
// report.html, events.jsonl, and checkpoint.safetensors while it runs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "adapt/config.h"
#include "adapt/learner.h"
#include "train/run/run_folder.h"

namespace frugal::adapt {

// Trains, or says that it was done before. Returns the line of runs.jsonl. in_float: what learns by the
// method fp32.
nlohmann::ordered_json run(const AdaptConfig& config, const train::RunOptions& options,
                           const MakeFloatLearner& in_float = nullptr);

}  // namespace frugal::adapt
