#include "checkpoint/zip_archive.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace frugal::checkpoint {
namespace {

using base::UserError;

// Little-endian numbers of a mapped file, each looked at before it is read.
class Bytes {
 public:
  Bytes(const unsigned char* data, std::size_t size, const std::string& path)
      : data_(data), size_(size), path_(path) {}

  std::uint64_t number(std::uint64_t at, std::size_t width) const {
    const unsigned char* from = range(at, width).data();
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8 | from[i];
    return value;
  }
  std::span<const unsigned char> range(std::uint64_t at, std::uint64_t count) const {
    if (at > size_ || count > size_ - at)
      throw UserError(path_, "is a zip archive that is cut short", "copy it again");
    return {data_ + at, static_cast<std::size_t>(count)};
  }
  std::size_t size() const { return size_; }

 private:
  const unsigned char* data_;
  std::size_t size_;
  const std::string& path_;
};

struct Directory {
  std::uint64_t at = 0, count = 0;
};

// The record at the file's end; its 64-bit form stands before it where numbers are too large for it.
Directory find_directory(const Bytes& file, const std::string& path) {
  constexpr std::uint64_t record = 22, longest_comment = 65535, marker = 0x06054b50;
  const std::uint64_t size = file.size();
  const std::uint64_t stop = size > record + longest_comment ? size - record - longest_comment : 0;
  for (std::uint64_t at = size < record ? 0 : size - record + 1; at-- > stop;) {
    if (size < record || file.number(at, 4) != marker) continue;
    Directory found{file.number(at + 16, 4), file.number(at + 10, 2)};
    const bool wide = found.at == 0xffffffff || found.count == 0xffff;
    if (wide && at >= 20 && file.number(at - 20, 4) == 0x07064b50) {
      const std::uint64_t other = file.number(at - 20 + 8, 8);
      if (file.number(other, 4) != 0x06064b50) break;
      found = {file.number(other + 48, 8), file.number(other + 32, 8)};
    }
    return found;
  }
  throw UserError(path, "is no whole zip archive", "is it copied to its end?");
}

// A 64-bit number of the entry's extra field, in the place of one that is all ones; they stand in a fixed
// order.
std::uint64_t widened(const Bytes& file, std::uint64_t extra, std::uint64_t length, std::uint64_t& taken,
                      std::uint64_t given) {
  if (given != 0xffffffff) return given;
  for (std::uint64_t at = extra; at + 4 <= extra + length;) {
    const std::uint64_t kind = file.number(at, 2), size = file.number(at + 2, 2);
    if (kind == 1 && taken + 8 <= size) {
      const std::uint64_t value = file.number(at + 4 + taken, 8);
      taken += 8;
      return value;
    }
    at += 4 + size;
  }
  return given;
}

}  // namespace

bool ZipArchive::is_one(const std::string& path) {
  const base::MappedFile file(path);
  return file.size() >= 4 && std::memcmp(file.data(), "PK\x03\x04", 4) == 0;
}

ZipArchive::ZipArchive(const std::string& path) : path_(path), file_(path) {
  const Bytes file(file_.data(), file_.size(), path_);
  const Directory directory = find_directory(file, path_);
  std::uint64_t at = directory.at;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    if (file.number(at, 4) != 0x02014b50) throw UserError(path_, "has a damaged directory of its entries");
    const std::uint64_t flags = file.number(at + 8, 2), method = file.number(at + 10, 2);
    const std::uint64_t name_size = file.number(at + 28, 2), extra_size = file.number(at + 30, 2);
    const auto text = file.range(at + 46, name_size);
    const std::string name(text.begin(), text.end());
    std::uint64_t taken = 0;
    const std::uint64_t extra = at + 46 + name_size;
    const std::uint64_t size = widened(file, extra, extra_size, taken, file.number(at + 24, 4));
    const std::uint64_t packed = widened(file, extra, extra_size, taken, file.number(at + 20, 4));
    const std::uint64_t local = widened(file, extra, extra_size, taken, file.number(at + 42, 4));
    if (method != 0 || packed != size || (flags & 1) != 0) {
      throw UserError(path_ + ":" + name, "is packed or encrypted, and PyTorch's files are not",
                      "unpack and save it again");
    }
    if (file.number(local, 4) != 0x04034b50)
      throw UserError(path_ + ":" + name, "is not where the directory says");
    const std::uint64_t data = local + 30 + file.number(local + 26, 2) + file.number(local + 28, 2);
    if (!entries_.try_emplace(name, file.range(data, size)).second) {
      throw UserError(path_ + ":" + name, "stands twice");
    }
    at = extra + extra_size + file.number(at + 32, 2);
  }
}

}  // namespace frugal::checkpoint
