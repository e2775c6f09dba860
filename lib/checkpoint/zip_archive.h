// A zip archive whose entries are stored as they are, which is how PyTorch writes its files: names and where
// their bytes lie in the mapped file. Nothing is unpacked.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/file.h"

namespace frugal::checkpoint {

class ZipArchive {
 public:
  // UserError where it is none, is cut short, or has packed or encrypted entries.
  explicit ZipArchive(const std::string& path);
  static bool is_one(const std::string& path);  // by its first bytes

  const std::string& path() const { return path_; }
  const std::map<std::string, std::span<const unsigned char>>& entries() const { return entries_; }

 private:
  std::string path_;
  base::MappedFile file_;
  std::map<std::string, std::span<const unsigned char>> entries_;
};

}  // namespace frugal::checkpoint
