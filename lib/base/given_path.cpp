#include "base/given_path.h"

#include <filesystem>
#include <system_error>

namespace frugal::base {

std::string given_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_symlink(fs::symlink_status(path, error))) return path;
  const fs::path target = fs::canonical(path, error);  // a link to nothing is replaced
  return error ? path : target.string();
}

}  // namespace frugal::base
