#include "base/stop.h"

#include <atomic>

#include "base/error.h"

namespace frugal::base {
namespace {
// The one mutable global of the library: a signal has nowhere else to leave its number.
std::atomic<int> requested{0};
}  // namespace

void request_stop(int signal_number) { requested.store(signal_number); }
int stop_signal() { return requested.load(); }
void stop_if_requested() {
  if (const int signal_number = stop_signal(); signal_number != 0) throw Interrupted(signal_number);
}

}  // namespace frugal::base
