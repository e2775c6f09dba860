// Who reads what a command answers: a person at a terminal, or a program.
#pragma once

#include <string>

namespace frugal::cli {

// Whether a few readable lines are wanted in place of JSON: standard output is a terminal, nothing else was
// named for the answer, no --json, and no launcher of several processes.
bool for_people(bool json, const std::string& out = "-");

}  // namespace frugal::cli
