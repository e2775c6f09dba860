// A request to stop, set by a signal handler (cli::run_main installs it) and asked for by long work at its
// safe places: finish the step, write the checkpoint, throw Interrupted.
#pragma once

namespace frugal::base {

void request_stop(int signal_number);  // async-signal-safe
int stop_signal();                     // 0 while nobody asked

// Throws Interrupted where a stop was requested; for work that has nothing to save.
void stop_if_requested();

}  // namespace frugal::base
