#include "train/run/event_log.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "report/result.h"

namespace frugal::train {

EventLog::EventLog(const std::string& folder, bool enabled) {
  if (enabled && !folder.empty()) path_ = folder + "/events.jsonl";
}

double EventLog::begin(std::int64_t step) {
  if (path_.empty() || !std::filesystem::exists(path_)) return 0;
  std::istringstream lines(base::read_text(path_));
  std::string kept;
  double seconds = 0;
  for (std::string line; std::getline(lines, line);) {
    // A line that a killed process left unfinished does not parse.
    const auto event = nlohmann::json::parse(line, nullptr, false);
    if (!event.is_object() || event.value("step", std::int64_t{0}) > step || step == 0) continue;
    seconds = event.value("seconds", seconds);
    if (!event.contains("loss")) evaluated_.insert(event.value("step", std::int64_t{0}));
    kept += line + "\n";
  }
  base::write_text(path_, kept);
  return seconds;
}

void EventLog::write(const nlohmann::ordered_json& event) {
  if (!path_.empty()) base::append_line(path_, report::to_line(event));
}

}  // namespace frugal::train
