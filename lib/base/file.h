// Files that survive a crash. Every file is written aside and renamed, so that a run that dies leaves the
// old file or the new one, never half of one; a folder that a run writes to is locked, so that a second
// process on the same output is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace frugal::base {

// The whole file, or standard input for "-". Throws UserError (no such file, a folder, not readable).
std::string read_text(const std::string& path);

// Writes aside, syncs, renames. "-" writes to standard output. Throws Failure (full disk, no permission)
// and then leaves the old file and nothing else.
void write_text(const std::string& path, std::string_view text);

// A file being written aside; nothing is at `path` until commit(). Destroyed without it, it leaves no trace.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);  // throws Failure on a full disk
  void write_at(std::uint64_t offset, const void* bytes, std::size_t count);
  void commit();  // fsync, rename, fsync of the folder

 private:
  std::string path_, aside_;
  int descriptor_ = -1;
  std::uint64_t written_ = 0, sent_ = 0;  // by write(); of it, what the disk was given
};

// Appends one line (a newline is added) under a lock, so that lines of several processes never mix.
// A partial line that a killed process left is ended first.
void append_line(const std::string& path, std::string_view line);

// Creates the folder and those above it. Throws Failure where that is not possible.
void make_folder(const std::string& path);

// Read-only memory map of a whole file. Throws UserError where it cannot be opened.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  const unsigned char* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  const unsigned char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Holds `folder/.lock` while it lives (flock: it goes with the process, however that ends). Throws
// UserError naming the process that holds it.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace frugal::base
