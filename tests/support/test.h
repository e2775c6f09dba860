// What every test includes: Catch2 (Debian's 2.13) behind one header, and the paths that tests need.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

namespace frugal::test {

// A fresh folder under the system's temporary folder, removed with everything in it at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

void write_text(const std::string& path, const std::string& text);

std::string source_dir();  // of the checkout

// The folder of reference data beside the checkout, or the one that FRUGAL_SHARED names; empty where it is
// absent. A test that needs it calls SKIP_WITHOUT_SHARED() first: Catch2 2.13 has no skip of its own, so it
// says on stderr what was skipped and returns.
std::string shared_data_dir();

}  // namespace frugal::test

#define SKIP_WITHOUT_SHARED()                                                  \
  do {                                                                         \
    if (frugal::test::shared_data_dir().empty()) {                             \
      WARN("SKIPPED: no reference data beside the checkout (../shared/data)"); \
      return;                                                                  \
    }                                                                          \
  } while (false)
