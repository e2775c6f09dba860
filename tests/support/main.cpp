#define CATCH_CONFIG_MAIN
#include "support/test.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace frugal::test {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "frugal-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + pattern);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

std::string source_dir() { return FRUGAL_SOURCE_DIR; }

std::string shared_data_dir() {
  const char* named = std::getenv("FRUGAL_SHARED");
  std::filesystem::path root = named != nullptr ? named : source_dir() + "/../shared";
  std::error_code ignored;
  return std::filesystem::is_directory(root / "data", ignored) ? (root / "data").string() : std::string();
}

}  // namespace frugal::test
