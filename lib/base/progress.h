// Progress of long work on standard error: a bar that redraws itself where that is a terminal, and a plain
// line now and then where it is a log. --quiet silences it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace frugal::base {

class Progress {
 public:
  // total: steps of the whole work, 0 where unknown. The label says what is being done.
  Progress(std::string label, std::int64_t total, bool quiet);
  ~Progress();

  // done: steps finished so far (counted from the start of the work, also after a resume). note: what is
  // worth seeing now, for instance "loss 0.41".
  void update(std::int64_t done, const std::string& note = "");
  void finish(const std::string& note = "");

 private:
  void draw(std::int64_t done, const std::string& note, bool last);

  using Clock = std::chrono::steady_clock;
  std::string label_;
  std::int64_t total_;
  bool quiet_, terminal_, finished_ = false;
  std::int64_t first_done_ = -1;
  Clock::time_point started_, drawn_;
};

// One line for people on standard error: "scalefit: note: …".
void log_note(const std::string& tool, const std::string& text);

std::string human_duration(double seconds);  // "4 m 05 s"
std::string human_count(double value);       // "1.24 M"

}  // namespace frugal::base
