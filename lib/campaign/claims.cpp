#include "campaign/claims.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace frugal::campaign {
namespace {

std::string content(int descriptor) {
  char text[64] = {};
  const ssize_t count = ::pread(descriptor, text, sizeof text, 0);
  return std::string(text, count > 0 ? static_cast<std::size_t>(count) : 0);
}

bool is_at(int descriptor, const std::string& path) {
  struct stat held {
  }, there{};
  return ::fstat(descriptor, &held) == 0 && ::stat(path.c_str(), &there) == 0 &&
         held.st_ino == there.st_ino && held.st_dev == there.st_dev;
}

}  // namespace

Claims::Claims(const std::string& folder, const std::vector<std::string>& ids)
    : folder_(folder + "/.claims") {
  base::make_folder(folder_);
  for (const std::string& id : ids) {
    const int descriptor = ::open(path(id).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) continue;
    before_[id] = content(descriptor);
    ::close(descriptor);
  }
}

Claims::~Claims() {
  while (!held_.empty()) let_go(held_.begin()->first);
}

std::string Claims::path(const std::string& id) const { return folder_ + "/" + id; }

Claims::Taken Claims::take(const std::string& id) {
  const std::string file = path(id);
  for (;;) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (descriptor < 0)
      throw base::Failure(fmt::format("{}: cannot create: {}", file, std::strerror(errno)),
                          "several processes on one list share it by files there");
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const int problem = errno;
      ::close(descriptor);
      if (problem == EWOULDBLOCK) return Taken::others;
      throw base::Failure(fmt::format("{}: cannot lock: {}", file, std::strerror(problem)),
                          "the file system must have locks, for several processes to share a list");
    }
    // The one that held it may have done the run and removed the file since it was opened.
    if (!is_at(descriptor, file)) {
      ::close(descriptor);
      continue;
    }
    if (content(descriptor) != before_[id]) {
      ::close(descriptor);
      return Taken::failed_since;
    }
    held_[id] = descriptor;
    return Taken::ours;
  }
}

void Claims::worked(const std::string& id) {
  ::unlink(path(id).c_str());  // while it is locked
  ::close(held_.at(id));
  held_.erase(id);
}

void Claims::failed(const std::string& id) {
  const int descriptor = held_.at(id);
  int times = 0;
  std::sscanf(before_[id].c_str(), "%d", &times);
  const std::string text = fmt::format("{} times failed\n", times + 1);
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, text.data(), text.size(), 0) < 0) {
    // On a full disk others try the run once more: no harm.
  }
  before_[id] = text;
  ::close(descriptor);
  held_.erase(id);
}

void Claims::let_go(const std::string& id) {
  if (before_[id].empty()) return worked(id);
  ::close(held_.at(id));
  held_.erase(id);
}

}  // namespace frugal::campaign
