// Libraries that write through a null pointer, or abort, where the system gives them no memory: the tool then
// ends as where it runs out of memory itself.
#pragma once

#include <string>

namespace frugal::base {

// From now on SIGSEGV and SIGABRT with less than crash_room left of what a limit (ulimit -v, ulimit -d, a
// control group's: base/memory_limit) allows end with exit code 1 and a sentence. With more left, or without
// a limit, they do what they did before.
void explain_crashes_without_memory(const std::string& tool);

// The largest block that such a library asked for, in what was seen (4 to 16 MB), twice.
constexpr double crash_room = 32e6;

}  // namespace frugal::base
