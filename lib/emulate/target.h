// Builds a compiled folder for the host or for an emulated board by its Makefile, and runs it on a stream.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "emulate/compiled.h"
#include "emulate/output.h"

namespace frugal::emulate {

// The programs that building for a target and running there take, of those that are not in PATH.
std::vector<std::string> missing_programs(device::Target target);
// Throws UserError where one is missing: what installs it.
void require_programs(device::Target target);

struct Board {
  device::Target target = device::Target::host;
  bool profile = false;  // counts instructions call by call
  std::string compiler;  // instead of the target's gcc: "clang", "python3 -m ziglang cc"
};

// Throws UserError where a program is missing (what installs it), where the folder was compiled for another
// kind of core, or where what is built is larger than the device; Failure where it does not compile.
void build(const Compiled& compiled, const Board& board);

// Runs what was built on the stream in the file `stream`; `state` is a file for the trained numbers, or
// empty. Throws Failure with what the program said where it ends before the stream does.
Output run(const Compiled& compiled, const Board& board, const std::string& stream, const std::string& state,
           const std::function<void(const Answer&)>& on_answer);

}  // namespace frugal::emulate
