#include "base/aside.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

namespace frugal::base {
namespace {

constexpr std::string_view aside_ending = ".part";
constexpr std::array<std::string_view, 6> our_endings = {".safetensors", ".json", ".jsonl",
                                                         ".html",        ".onnx", ".ir"};

// The process that writes under this name, 0 where it is no name of ours.
int writer_of(std::string_view name) {
  if (!name.ends_with(aside_ending)) return 0;
  name.remove_suffix(aside_ending.size());
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return 0;
  const std::string_view target = name.substr(0, dot), digits = name.substr(dot + 1);
  const bool ours = std::any_of(our_endings.begin(), our_endings.end(),
                                [&](std::string_view ending) { return target.ends_with(ending); });
  int process = 0;
  const char* end = digits.data() + digits.size();
  const auto [at, wrong] = std::from_chars(digits.data(), end, process);
  return ours && wrong == std::errc() && at == end && process > 0 ? process : 0;
}

}  // namespace

std::string aside_name(const std::string& path, int process) {
  return fmt::format("{}.{}{}", path, process, aside_ending);
}

void clear_left_aside(const std::string& folder, std::string_view prefix) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const int process = name.starts_with(prefix) ? writer_of(name) : 0;
    if (process == 0 || !it->is_regular_file(error)) continue;
    if (::kill(process, 0) != 0 && errno == ESRCH) ::unlink(it->path().c_str());
  }
}

}  // namespace frugal::base
