#include "cli/terminal.h"

#include <unistd.h>

#include "base/launch.h"

namespace frugal::cli {

bool for_people(bool json, const std::string& out) {
  // mpirun gives its processes a terminal, wherever their output goes.
  return !json && out == "-" && ::isatty(STDOUT_FILENO) == 1 && base::launched().by.empty();
}

}  // namespace frugal::cli
