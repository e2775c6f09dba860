// The folder of a training run and its line in runs.jsonl, the same for every trainer.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::train {

// Where the line of a run in `folder` goes when the config does not say: runs.jsonl beside the folder.
std::string runs_beside(const std::string& folder);

// Adds a run's line to a file of them, unless the file has the line of its "id".
void append_once(const std::string& path, const nlohmann::ordered_json& line);

// The line of a run that is finished, else null. UserError where the folder holds another run, or one that
// was interrupted and `resume` is not given.
nlohmann::ordered_json finished_run(const std::string& folder, const std::string& id, bool resume);

}  // namespace frugal::train
