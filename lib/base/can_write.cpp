#include "base/can_write.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace frugal::base {

void check_can_write(const std::string& path) {
  if (path.empty() || path == "-") return;
  struct stat there {};
  const bool exists = ::stat(path.c_str(), &there) == 0;
  if (exists && S_ISDIR(there.st_mode))
    throw UserError(path, "is a folder, and a file is to be written", "name a file in it");
  if (exists && !S_ISREG(there.st_mode)) return;
  const AtomicFile aside(path);
}

void check_can_make_folder(const std::string& path) {
  if (path.empty() || path == "-") return;
  std::filesystem::path there = std::filesystem::absolute(path);
  std::error_code error;
  while (!std::filesystem::exists(there, error) && there.has_relative_path()) there = there.parent_path();
  if (!std::filesystem::is_directory(there, error))
    throw Failure(fmt::format("{}: cannot create the folder: {}", path, std::strerror(ENOTDIR)));
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    throw Failure(fmt::format("{}: cannot write in {}: {}", path, there.string(), std::strerror(errno)));
}

void check_can_append(const std::string& path) {
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return check_can_write(path);
  if (!S_ISREG(there.st_mode)) return;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor < 0) throw Failure(fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  ::close(descriptor);
}

}  // namespace frugal::base
