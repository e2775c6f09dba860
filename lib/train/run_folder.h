// The folder of a run and its line in runs.jsonl, the same for every trainer: one process holds it, a run
// that is finished is handed back, and result.json, written last, says that it is.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::report {
struct Header;
}

namespace frugal::train {

class Communicator;
struct LoopPlace;

struct RunOptions {
  std::string out;
  bool resume = false, quiet = false;
  std::string device = "cpu";
};

// What decides a run's result, as a hash of its printed config. Where it is written, how often it is logged
// and how many threads share the work do not make it another run.
std::string run_id(const nlohmann::json& printed);

class RunFolder {
 public:
  // Process 0 locks the folder, the others wait for it. `runs`: the file of lines; empty: runs.jsonl beside
  // the folder. UserError where the folder holds another run, one that was interrupted and options.resume is
  // not given, or where another process holds it, and for a device that is not there.
  RunFolder(const RunOptions& options, const nlohmann::json& printed, const std::string& runs,
            Communicator& communicator);
  ~RunFolder();

  // The line of a run that was finished before (the runs file has it), else null.
  const nlohmann::ordered_json& finished(const std::string& tool) const;

  const std::string& id() const;
  LoopPlace place(std::int64_t seed, const std::string& label) const;

  // Adds what every line has, and on process 0 writes result.json with it and the line to the runs file, and
  // removes the checkpoint.
  void finish(nlohmann::ordered_json& line, const report::Header& header, int threads, double loop_seconds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace frugal::train
