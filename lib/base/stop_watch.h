// Answers a signal within a second whatever the work is doing. Work that has something to save comes to a
// safe place by itself (base/stop.h), and holds a FinishFirst until it is there; any other is ended where it
// stands: files that are being written aside are removed, and the tool ends with 128 + n. What it had written
// before is whole, as it is after any kill.
#pragma once

#include <string>

namespace frugal::base {

// Once, at the start: a thread of its own waits for wake_watch().
void watch_for_stop(const std::string& tool);
void wake_watch();     // async-signal-safe; after request_stop
void stop_answered();  // the work came to its end by itself: nothing is left to do for the watch

// While one lives, a stop waits for the work.
class FinishFirst {
 public:
  FinishFirst();
  ~FinishFirst();
  FinishFirst(const FinishFirst&) = delete;
  FinishFirst& operator=(const FinishFirst&) = delete;
};

// A file or folder that is being written aside: it goes with the program where the watch ends it.
void goes_with_us(const std::string& path);
void goes_no_more(const std::string& path);
void remove_what_goes_with_us() noexcept;  // for an end that runs no destructors; all of it, or what it can

}  // namespace frugal::base
