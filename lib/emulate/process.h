// A program that is started, read line by line while it runs, and ended with us.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace frugal::emulate {

struct Finished {
  int exit_code = 0;   // 128 + n where a signal n ended it
  std::string errors;  // the end of what it wrote to standard error
};

// Starts `words` in the folder `where`, gives each line of its standard output as it comes, and waits. A stop
// that was requested (base/stop.h), or an exception of `on_line`, ends it and all that it started. Throws
// Failure where it cannot be started, Interrupted after a stop.
Finished run_program(const std::vector<std::string>& words, const std::string& where,
                     const std::function<void(const std::string&)>& on_line);

// Whether PATH has such a program.
bool has_program(const std::string& name);

}  // namespace frugal::emulate
