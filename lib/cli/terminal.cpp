#include "cli/terminal.h"

#include <unistd.h>

namespace frugal::cli {

bool for_people(bool json, const std::string& out) {
  return !json && out == "-" && ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace frugal::cli
