// Writes events.jsonl, the log of a run: one JSON object a line. A resumed run takes back the lines that were
// written after its checkpoint, so that the log reads like that of one run.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

namespace frugal::train {

class EventLog {
 public:
  // folder empty or not enabled: nothing is written.
  EventLog(const std::string& folder, bool enabled);

  // Keeps what stands up to `step` (0: starts a new log). Returns the seconds that the last line kept says.
  double begin(std::int64_t step);
  // Whether a line of the log as begin() found it is an evaluation after so many steps.
  bool evaluated(std::int64_t step) const { return evaluated_.contains(step); }

  void write(const nlohmann::ordered_json& event);

 private:
  std::string path_;
  std::set<std::int64_t> evaluated_;
};

}  // namespace frugal::train
