// A run that trains: its folder (run_folder.h) and its line in runs.jsonl, which is what `scalefit fit`
// reads.
#pragma once

#include "train/run/run_folder.h"

namespace frugal::train {

class TrainingRun {
 public:
  // `runs`: the file of lines; empty: runs.jsonl beside the folder. `printed` has the names of
  // TransformerRunConfig and ImageRunConfig for what does not decide a result.
  TrainingRun(const std::string& tool, const std::string& schema, const RunOptions& options,
              const nlohmann::json& printed, const std::string& runs, Communicator& communicator);

  // The line of a run that was finished before, else null; the runs file has it then, whatever became of it.
  nlohmann::ordered_json finished() const;

  const std::string& id() const { return folder_.id(); }
  RunPlace place(std::int64_t seed, const std::string& label) const;

  // Adds what every line has, writes result.json with it and with the members of `beside` (an object, or
  // null), and adds the line to the runs file.
  void finish(nlohmann::ordered_json& line, std::int64_t seed, int threads, double loop_seconds);
  void finish(nlohmann::ordered_json& line, std::int64_t seed, int threads, double loop_seconds,
              const nlohmann::ordered_json& beside);

 private:
  RunFolder folder_;
  std::string runs_;
  Communicator& communicator_;
};

}  // namespace frugal::train
