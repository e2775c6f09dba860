// How long work learns that it should stop: a signal handler (cli::run_main installs it) sets the request,
// and the work looks for it at its safe places: it finishes the step, writes the checkpoint and throws
// Interrupted.
#pragma once

namespace frugal::base {

void request_stop(int signal_number);  // async-signal-safe
int stop_signal();                     // 0 while nobody asked

// Throws Interrupted where a stop was requested; for work that has nothing to save.
void stop_if_requested();

}  // namespace frugal::base
