// Carries a list of runs out: starts the command that the config names for each line, some at a time, skips
// what is done, reports a run that fails with the end of its log and goes on. Several processes may work on
// one list (tasks of a batch system): each run is made by one of them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/visitor.h"

namespace frugal::campaign {

struct MeasureConfig {
  // {id}, {out}, {seed} and every other field of a line stand for their values; "{set}" alone is replaced by
  // --set path=value for each entry of the line's "set".
  std::vector<std::string> command = {"nas-search", "train", "{set}", "--set", "name={id}", "--out", "{out}"};
  std::string folder = "runs";    // {out} is folder/id; logs are folder/id.log
  std::string runs = "";          // where the trainer appends its lines; empty: folder/runs.jsonl
  std::string done_key = "name";  // the field of those lines that holds the id
  std::int64_t parallel = 1;
  std::int64_t log_lines = 10;
  void visit(config::Visitor& v);
};

struct MeasureOutcome {
  std::size_t done_before = 0, done = 0;
  std::size_t elsewhere = 0;        // that another process made meanwhile, or is still making
  std::vector<std::string> failed;  // ids
};

// lines: one object a run, with an "id". Throws base::Interrupted after passing the signal on to the
// children. Errors: UserError (a line without id, an id twice, a {name} that no line has, an empty command).
MeasureOutcome measure_runs(const std::vector<nlohmann::json>& lines, const MeasureConfig& config,
                            const std::string& place, bool quiet);

// The command for one line; for tests and for --print.
std::vector<std::string> command_for(const nlohmann::json& line, const MeasureConfig& config,
                                     const std::string& place);

}  // namespace frugal::campaign
