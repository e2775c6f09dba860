#include "base/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "base/memory_limit.h"
#include "base/stop_watch.h"

namespace frugal::base {
namespace {

// The innermost use that an exception left.
struct Left {
  std::mutex mutex;
  std::optional<std::pair<std::string, std::string>> use;
};

Left& left() {
  static Left* const one = new Left;
  return *one;
}

std::string readable(double bytes) {
  return bytes < 1e9 ? fmt::format("{:.0f} MB", bytes / 1e6) : fmt::format("{:.1f} GB", bytes / 1e9);
}

std::string allowed() {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    return fmt::format("ulimit -v allows {}", readable(static_cast<double>(limit.rlim_cur)));
  if (const auto group = group_memory_bytes()) return fmt::format("its cgroup allows {}", readable(*group));
  const double pages =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return fmt::format("this machine has {}", readable(pages));
}

// "you tried to allocate 4000000 bytes", as torch says it.
std::optional<double> asked_for(const std::string& text) {
  const std::string before = "tried to allocate ";
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(text.c_str() + at + before.size(), nullptr);
}

constexpr std::size_t stack_bytes = std::size_t{1} << 19;

std::array<char, 256> last_words{"error: out of memory\nhint: give it more memory\n"};

[[noreturn]] void on_terminate() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) {
      end_out_of_memory();
    }
    std::fprintf(stderr, "internal error: %s\n", error.what());
  } catch (...) {
  }
  std::abort();
}

// From the first initialisation of a global on.
__attribute__((constructor(101))) void from_the_start() { std::set_terminate(on_terminate); }

// The stack grows now: where it has to later and there is no memory, the system can only kill.
__attribute__((noinline)) void grow_stack() {
  volatile char stack[stack_bytes];
  for (std::size_t at = 0; at < sizeof stack; at += 4096) stack[at] = 0;
}

}  // namespace

MemoryUse::MemoryUse(std::string what, std::string smaller)
    : what_(std::move(what)), smaller_(std::move(smaller)), exceptions_(std::uncaught_exceptions()) {}

MemoryUse::~MemoryUse() {
  if (std::uncaught_exceptions() <= exceptions_) return;
  const std::lock_guard<std::mutex> lock(left().mutex);
  if (!left().use) left().use.emplace(std::move(what_), std::move(smaller_));
}

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (const auto* system = dynamic_cast<const std::system_error*>(&error))
    return system->code().value() == ENOMEM || system->code().value() == EAGAIN;
  for (const char* words : {"allocate memory", "std::bad_alloc", "out of memory", "Out of memory"}) {
    if (std::strstr(error.what(), words) != nullptr) return true;
  }
  // oneDNN's only words where it gets no memory for its code; without a limit they may mean something else.
  const auto limited = [](int resource) {
    struct rlimit limit {};
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  };
  return (limited(RLIMIT_AS) || limited(RLIMIT_DATA)) &&
         std::strstr(error.what(), "could not create a primitive") != nullptr;
}

OutOfMemory explain_out_of_memory(const std::exception& error) {
  const std::lock_guard<std::mutex> lock(left().mutex);
  OutOfMemory out;
  const std::string what = left().use ? " for " + left().use->first : "";
  const auto asked = asked_for(error.what());
  struct rusage used {};
  getrusage(RUSAGE_SELF, &used);
  out.message = fmt::format("out of memory{}: {} more than the {} that it had in use; {}", what,
                            asked ? "it needs " + readable(*asked) : "it needs",
                            readable(static_cast<double>(used.ru_maxrss) * 1024), allowed());
  out.hint = left().use ? left().use->second : "give it more memory, or less to do";
  return out;
}

void end_out_of_memory(const char* words) {
  if (words == nullptr) words = last_words.data();
  if (::write(STDERR_FILENO, words, std::strlen(words)) < 0) ::_exit(1);  // nothing was allocated until here
  remove_what_goes_with_us();
  ::_exit(1);
}

void* allocate_or_end(std::size_t bytes) {
  if (void* const room = std::malloc(bytes)) return room;
  end_out_of_memory();
}

void end_without_memory_by_itself(const std::string& tool) {
  std::snprintf(last_words.data(), last_words.size(),
                "%s: error: out of memory\nhint: give it more memory, fewer --threads, or less to do\n",
                tool.c_str());
  void* const room =
      ::mmap(nullptr, stack_bytes * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) end_out_of_memory();
  ::munmap(room, stack_bytes * 2);
  grow_stack();
}

}  // namespace frugal::base
