// Input of a fuzzer as a folder of files, for readers of folders: lines "== NAME" begin a file each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::fuzz {

class Folder {
 public:
  Folder() {
    const std::string parent = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    path_ = parent + "/frugal-fuzz-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }

  void put(const std::string& name, std::string_view bytes) {
    std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
    names_.push_back(name);
  }
  void clear() {
    for (const std::string& name : names_) std::filesystem::remove(path_ + "/" + name);
    names_.clear();
  }

  // The files of an input, those whose names are among `names`: a fuzzer that invents names finds nothing.
  void fill(std::string_view input, const std::vector<std::string>& names) {
    clear();
    for (std::size_t at = input.starts_with("== ") ? 0 : next(input, 0); at < input.size();) {
      const std::size_t line = std::min(input.find('\n', at), input.size());
      const std::string name(input.substr(at + 3, line - at - 3));
      const std::size_t end = next(input, line);
      if (std::find(names.begin(), names.end(), name) != names.end()) {
        const std::size_t begin = std::min(line + 1, end);
        put(name, input.substr(begin, end - begin));
      }
      at = end;
    }
  }

 private:
  static std::size_t next(std::string_view input, std::size_t from) {
    const std::size_t found = input.find("\n== ", from);
    return found == std::string_view::npos ? input.size() : found + 1;
  }

  std::string path_;
  std::vector<std::string> names_;
};

}  // namespace frugal::fuzz
