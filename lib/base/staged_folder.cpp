#include "base/staged_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/file.h"
#include "base/stop_watch.h"

namespace frugal::base {
namespace {

namespace fs = std::filesystem;

// Stands in a folder that is ours to clear, with the number of the process that writes it.
constexpr const char* marker = ".frugal-part";

void sync(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

std::set<std::string> files_in(const std::string& folder) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = fs::relative(at->path(), folder).string();
    if (fs::is_directory(at->symlink_status()) || name == marker) continue;
    names.insert(name);
  }
  return names;
}

// With links resolved and no slash at the end, so that a name can be put beside it.
std::string plain(const std::string& folder) {
  fs::path path = fs::weakly_canonical(fs::absolute(folder));
  if (!path.has_filename()) path = path.parent_path();
  return path.string();
}

// In one step; in three where the file system has no such step (some network ones).
bool swap_names(const std::string& a, const std::string& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  const std::string third = b + ".old.part";
  return ::rename(b.c_str(), third.c_str()) == 0 && ::rename(a.c_str(), b.c_str()) == 0 &&
         ::rename(third.c_str(), a.c_str()) == 0;
}

// In place, not aside and renamed: the folder holds the mark or nothing at any moment.
void put_mark(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (descriptor < 0) throw Failure(fmt::format("{}: cannot create: {}", path, std::strerror(errno)));
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::write(descriptor, pid.data(), pid.size()) <
      0) { /* the number only serves another process's message */
  }
  ::close(descriptor);
}

void clear(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.path().filename() != marker) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

StagedFolder::StagedFolder(const std::string& folder, const std::set<std::string>& replaceable)
    : folder_(plain(folder)), aside_(folder_ + ".part"), replaceable_(replaceable) {
  const std::string parent = fs::path(folder_).parent_path().string();
  if (!parent.empty()) make_folder(parent);
  std::error_code error;
  if (fs::exists(folder_, error) && !fs::is_directory(folder_, error)) {
    throw UserError(folder, "there is a file of that name", "give another --out");
  }
  lock();
  try {
    refuse_foreign();
  } catch (...) {
    discard();
    throw;
  }
}

void StagedFolder::lock() {
  for (int tries = 0;; ++tries) {
    if (::mkdir(aside_.c_str(), 0755) != 0 && errno != EEXIST) {
      throw Failure(fmt::format("{}: cannot create the folder: {}", aside_, std::strerror(errno)));
    }
    descriptor_ = ::open(aside_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor_ < 0) throw UserError(aside_, "is in the way: it is no folder", "move it away");
    const std::string mark = aside_ + "/" + marker;
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      std::error_code error;
      const bool there = fs::is_regular_file(fs::symlink_status(mark, error));
      const std::string pid = there ? read_text(mark) : "";
      ::close(descriptor_);
      descriptor_ = -1;
      throw UserError(folder_,
                      fmt::format("is being written by another process{}",
                                  pid.empty() ? "" : " (" + pid.substr(0, pid.find('\n')) + ")"),
                      "wait for it, or give another --out");
    }
    // Another process may have renamed or removed it between the opening and the lock.
    struct stat held {
    }, there{};
    const bool same = ::fstat(descriptor_, &held) == 0 && ::stat(aside_.c_str(), &there) == 0 &&
                      held.st_ino == there.st_ino && held.st_dev == there.st_dev;
    if (!same) {
      ::close(descriptor_);
      descriptor_ = -1;
      if (tries < 100) continue;
      throw Failure(aside_ + ": is made and removed again by other processes");
    }
    std::error_code error;
    if (!fs::exists(mark, error) && !fs::is_empty(aside_, error)) {
      ::close(descriptor_);
      descriptor_ = -1;
      throw UserError(aside_, "is in the way: it was not left by a write of ours", "move it away");
    }
    put_mark(mark);
    clear(aside_);
    goes_with_us(aside_);
    return;
  }
}

void StagedFolder::refuse_foreign() const {
  std::error_code error;
  if (!fs::exists(folder_, error)) return;
  for (const std::string& name : files_in(folder_)) {
    if (!replaceable_.contains(name)) {
      throw UserError("--out",
                      fmt::format("{} holds {}, which was not written there by this command", folder_, name),
                      "give another folder, or move it away: nothing of yours is deleted");
    }
  }
}

std::set<std::string> StagedFolder::files() const { return files_in(aside_); }

void StagedFolder::commit() {
  refuse_foreign();
  sync(aside_);
  const FinishFirst no_half_exchange;
  goes_no_more(aside_);
  const auto fail = [&](const char* what) {
    const int error = errno;
    throw Failure(fmt::format("{}: cannot {}: {}", folder_, what, std::strerror(error)),
                  error == EBUSY || error == EXDEV
                      ? "a mount point cannot be replaced: give a folder inside of it"
                      : "");
  };
  std::error_code error;
  const bool older = fs::exists(folder_, error) && !fs::is_empty(folder_, error);
  if (!older) {
    if (::rename(aside_.c_str(), folder_.c_str()) != 0) fail("rename into place");
  } else {
    // The older one is marked as ours to clear before it stands aside, for the case of a kill in between.
    put_mark(folder_ + "/" + marker);
    if (!swap_names(aside_, folder_)) fail("exchange the older folder for the new one");
    for (const std::string& name : files_in(aside_)) {
      if (replaceable_.contains(name)) fs::remove(aside_ + "/" + name, error);
    }
    // Whatever came there meanwhile goes back to where its owner looks for it.
    for (const std::string& name : files_in(aside_)) {
      fs::create_directories(fs::path(folder_ + "/" + name).parent_path(), error);
      ::renameat2(AT_FDCWD, (aside_ + "/" + name).c_str(), AT_FDCWD, (folder_ + "/" + name).c_str(),
                  RENAME_NOREPLACE);
    }
    if (files_in(aside_).empty()) fs::remove_all(aside_, error);
  }
  fs::remove(folder_ + "/" + marker, error);
  sync(fs::path(folder_).parent_path().string());
  ::close(descriptor_);
  descriptor_ = -1;
}

StagedFolder::~StagedFolder() { discard(); }

void StagedFolder::discard() {
  if (descriptor_ < 0) return;
  std::error_code error;
  fs::remove_all(aside_, error);
  goes_no_more(aside_);
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace frugal::base
