// The folder of a run, opened and ended in the same way by every command that trains or searches: one process
// holds it, a run that is finished is handed back, one that was interrupted goes on, and the result, written
// last, says that it is finished.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace frugal::train {

class Communicator;
struct RunPlace;

struct RunOptions {
  std::string out;
  bool resume = false, quiet = false;
  std::string device = "cpu";  // its full name: "cpu", "cuda:0"
};

// What a command calls its runs, and where it keeps what.
struct RunKind {
  std::string tool, schema;  // "nas-search train", "frugal.nas-search.train/1"
  std::string result_file;   // in the folder: "result.json"
  std::string id_at;         // JSON pointer to the run's id in it: "/id"
  // JSON pointers to what does not decide the result: where it is written, how often it is logged, how many
  // threads share the work. A run that differs in these alone is the same run.
  std::vector<std::string> beside;
};

class RunFolder {
 public:
  // `printed`: the whole config. Process 0 locks the folder, the others wait for it. UserError where the
  // folder holds another run, one that was interrupted and options.resume is not given, or where another
  // process holds it, and for several processes on GPUs.
  RunFolder(const RunKind& kind, const RunOptions& options, const nlohmann::json& printed,
            Communicator& communicator);
  ~RunFolder();

  // What the result file of a run that was finished before holds (a note says so), else null.
  const nlohmann::ordered_json& finished() const;

  const std::string& id() const;  // a hash of what decides the run's result
  RunPlace place(std::int64_t seed, const std::string& label) const;

  // Schema, tool, version, seed, config: a result begins with them.
  nlohmann::ordered_json start_result(std::int64_t seed) const;

  // Ends the run: adds to result["run"] what differs by nature (times, host), and on process 0 writes the
  // result and removes the checkpoint.
  void finish(nlohmann::ordered_json& result, int threads, double loop_seconds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace frugal::train
