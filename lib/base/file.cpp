#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/aside.h"
#include "base/error.h"
#include "base/printable.h"
#include "base/stop_watch.h"

namespace frugal::base {
namespace {

constexpr std::uint64_t sent_at_once = std::uint64_t{32} << 20;  // bytes
constexpr std::size_t part_of_a_long_file = 512 << 10;

std::string reason() { return std::strerror(errno); }

std::string disk_hint(int error) {
  return error == ENOSPC || error == EDQUOT ? "the disk is full; what was there before is untouched" : "";
}

// place: in the file; below 0 where it stands.
void write_all(int descriptor, const void* bytes, std::size_t count, const std::string& path,
               off_t place = -1) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written =
        place < 0 ? ::write(descriptor, at, count) : ::pwrite(descriptor, at, count, place);
    if (written < 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      throw Failure(fmt::format("{}: cannot write: {}", path, std::strerror(error)), disk_hint(error));
    }
    at += written;
    count -= static_cast<std::size_t>(written);
    if (place >= 0) place += written;
  }
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// A rename is only sure to be there after a power cut once its folder is synced.
void sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

std::string read_descriptor(int descriptor, const std::string& name) {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0) {
      if (errno == EINTR) continue;
      throw UserError(name, "cannot read: " + reason());
    }
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

// A file that was not there: nothing that another laid in its place is written to. One that a killed process
// of the same number left goes; what is a link goes itself, not what it leads to.
int create_new(const std::string& path) {
  for (int tries = 0;; ++tries) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (descriptor >= 0 || errno != EEXIST || tries > 0 || ::unlink(path.c_str()) != 0) return descriptor;
  }
}

int open_for_reading(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw UserError(path, "cannot open: " + reason());
  return descriptor;
}

}  // namespace

std::string read_text(const std::string& path) {
  if (path == "-") return read_descriptor(STDIN_FILENO, "standard input");
  const int descriptor = open_for_reading(path);
  try {
    std::string text = read_descriptor(descriptor, path);
    ::close(descriptor);
    return text;
  } catch (...) {
    ::close(descriptor);
    throw;
  }
}

void write_text(const std::string& path, std::string_view text) {
  if (path == "-") {
    if (::isatty(STDOUT_FILENO) == 1) {
      const std::string shown = printable(text);
      return write_all(STDOUT_FILENO, shown.data(), shown.size(), "standard output");
    }
    write_all(STDOUT_FILENO, text.data(), text.size(), "standard output");
    return;
  }
  AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

// What is there and is no regular file (/dev/null, a pipe, /dev/stdout) is written to as it stands, with no
// file aside: a rename would put a file in its place. The system's own links (/dev/stdout) are followed,
// others replaced: what a folder of others holds may lead to any file of the user. given_path() is for those
// that the user names.
AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  const bool systems = path.starts_with("/dev/") || path.starts_with("/proc/");
  struct stat status {};
  if ((systems ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status)) == 0 &&
      !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode)) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | (systems ? 0 : O_NOFOLLOW));
    if (descriptor_ < 0) throw Failure(fmt::format("{}: cannot open: {}", path, reason()));
    return;
  }
  aside_ = aside_name(path_, ::getpid());
  descriptor_ = create_new(aside_);
  if (descriptor_ < 0) throw Failure(fmt::format("{}: cannot create: {}", path, reason()), disk_hint(errno));
  goes_with_us(aside_);
}

AtomicFile::~AtomicFile() {
  if (!aside_.empty()) goes_no_more(aside_);
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!aside_.empty()) ::unlink(aside_.c_str());
}

// A long file goes to the disk while it is being made: otherwise commit() waits for all of it.
void AtomicFile::write(const void* bytes, std::size_t count) {
  write_all(descriptor_, bytes, count, path_);
  written_ += count;
  if (written_ - sent_ < sent_at_once) return;
  ::sync_file_range(descriptor_, static_cast<off64_t>(sent_), static_cast<off64_t>(written_ - sent_),
                    SYNC_FILE_RANGE_WRITE);
  sent_ = written_;
}

// Several threads may write parts of a file.
void AtomicFile::write_at(std::uint64_t offset, const void* bytes, std::size_t count) {
  const auto place = static_cast<off_t>(offset);
  write_all(descriptor_, bytes, count, path_, place);
  if (count >= part_of_a_long_file)
    ::sync_file_range(descriptor_, place, static_cast<off64_t>(count), SYNC_FILE_RANGE_WRITE);
}

void AtomicFile::commit() {
  // Some file systems report a full disk only here.
  if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) {
    const int error = errno;
    throw Failure(fmt::format("{}: cannot write: {}", path_, std::strerror(error)), disk_hint(error));
  }
  ::close(descriptor_);
  descriptor_ = -1;
  if (aside_.empty()) return;
  if (::rename(aside_.c_str(), path_.c_str()) != 0) {
    const std::string why = reason();
    ::unlink(aside_.c_str());
    throw Failure(fmt::format("{}: cannot rename into place: {}", path_, why));
  }
  sync_folder(parent_of(path_));
}

void append_line(const std::string& path, std::string_view line) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (descriptor < 0 && errno == ELOOP) {
    throw Failure(path + ": is a link, and links are not followed where files are written",
                  "move it away, or name the file itself");
  }
  if (descriptor < 0) throw Failure(fmt::format("{}: cannot open: {}", path, reason()), disk_hint(errno));
  ::flock(descriptor, LOCK_EX);
  try {
    std::string text;
    const off_t end = ::lseek(descriptor, 0, SEEK_END);
    char last = '\n';
    if (end > 0 && ::pread(descriptor, &last, 1, end - 1) == 1 && last != '\n') text = "\n";
    text.append(line);
    text.push_back('\n');
    try {
      write_all(descriptor, text.data(), text.size(), path);
    } catch (...) {
      // Half a line helps nobody: take it back.
      if (::ftruncate(descriptor, end) != 0) { /* nothing more can be done on a failing disk */
      }
      throw;
    }
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
}

// A link to a folder may be what the user names (`--out runs/latest`); inside of an output folder, which a
// FolderLock has marked, it may lead anywhere.
void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::path plain = path;
  if (!plain.has_filename()) plain = plain.parent_path();
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(plain, error)) &&
      std::filesystem::exists(plain.parent_path() / ".lock", error)) {
    throw Failure(path + ": is a link inside an output folder, and links there are not followed",
                  "move it away, or name the folder itself");
  }
  std::filesystem::create_directories(path, error);
  if (error || !std::filesystem::is_directory(path)) {
    throw Failure(fmt::format("{}: cannot create the folder: {}", path,
                              error ? error.message() : "there is a file of that name"));
  }
}

MappedFile::MappedFile(const std::string& path) {
  const int descriptor = open_for_reading(path);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    throw UserError(path, "is not a regular file");
  }
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ > 0) {
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      const std::string why = reason();
      ::close(descriptor);
      throw Failure(fmt::format("{}: cannot map: {}", path, why));
    }
    data_ = static_cast<const unsigned char*>(address);
  }
  ::close(descriptor);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<unsigned char*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

FolderLock::FolderLock(const std::string& folder) {
  make_folder(folder);
  const std::string path = folder + "/.lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw Failure(fmt::format("{}: cannot create: {}", path, reason()), disk_hint(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    if (::pread(descriptor_, holder, sizeof holder - 1, 0) < 0) holder[0] = '\0';
    ::close(descriptor_);
    std::string pid(holder);
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    throw UserError(folder,
                    fmt::format("is in use by another process{}", pid.empty() ? "" : " (" + pid + ")"),
                    "wait for it, or give another --out");
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, pid.data(), pid.size(), 0) < 0) {
    // The lock holds all the same; the number only serves the other process's message.
  }
  clear_left_aside(folder);
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace frugal::base
