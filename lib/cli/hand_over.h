// A part of a tool that is an executable of its own: the process becomes it. So what only some commands need
// (LibTorch) is not loaded by the others.
#pragma once

#include <string>

namespace frugal::cli {

// Runs `program`, which stands beside this executable, in this process, with `input` as its standard input.
// Throws UserError at `place` where it is not there; `what` says what it is needed for.
[[noreturn]] void hand_over(const std::string& program, const std::string& input, const std::string& place,
                            const std::string& what);

}  // namespace frugal::cli
