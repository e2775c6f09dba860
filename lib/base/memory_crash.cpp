#include "base/memory_crash.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/memory.h"

namespace frugal::base {
namespace {

// Whatever is used in a handler is here before it runs, and allocates nothing.
struct Crash {
  std::array<char, 64> tool{};
  std::array<struct sigaction, 2> before{};  // of SIGSEGV, SIGABRT
  double page_bytes = 4096;
};

Crash crash;

// Columns of /proc/self/statm, in pages: all that is mapped first, what can be written sixth.
bool read_statm(std::array<double, 6>& pages) {
  std::array<char, 256> text{};
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t count = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  char* at = text.data();
  for (double& value : pages) value = static_cast<double>(std::strtoll(at, &at, 10));
  return count > 0;
}

// What is left below a limit; none: no limit.
std::optional<double> left_bytes(int resource, double used) {
  struct rlimit limit {};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<double>(limit.rlim_cur) - used;
}

void end_where_none_is_left(int signal_number) {
  std::array<double, 6> pages{};
  if (!read_statm(pages)) return;
  const auto left_of_all = left_bytes(RLIMIT_AS, pages[0] * crash.page_bytes);
  const auto left_of_data = left_bytes(RLIMIT_DATA, pages[5] * crash.page_bytes);
  const bool data = !left_of_all || (left_of_data && *left_of_data < *left_of_all);
  const auto left = data ? left_of_data : left_of_all;
  if (!left || *left > crash_room) return;
  std::array<char, 384> words{};
  std::snprintf(
      words.data(), words.size(),
      "%s: error: out of memory: a library ended with signal %d where %d MB were left of what its limit "
      "allows\nhint: give it more memory, fewer --threads, or less to do; with much more it would be a "
      "fault of ours\n",
      crash.tool.data(), signal_number, *left > 0 ? static_cast<int>(*left / 1e6) : 0);
  // Where the library held a lock that removing what lies aside would wait for.
  std::signal(SIGALRM, [](int) { ::_exit(1); });
  ::alarm(2);
  end_out_of_memory(words.data());
}

extern "C" void on_crash(int signal_number) {
  end_where_none_is_left(signal_number);
  sigaction(signal_number, &crash.before[signal_number == SIGABRT ? 1 : 0], nullptr);
  ::raise(signal_number);
}

}  // namespace

void explain_crashes_without_memory(const std::string& tool) {
  std::snprintf(crash.tool.data(), crash.tool.size(), "%s", tool.c_str());
  crash.page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_handler = on_crash;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &crash.before[0]);
  sigaction(SIGABRT, &action, &crash.before[1]);
}

}  // namespace frugal::base
