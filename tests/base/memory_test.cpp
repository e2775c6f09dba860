// What a process says, and how it ends, where the system gives it no memory.
#include "base/memory.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "base/file.h"
#include "base/memory_crash.h"
#include "base/stop_watch.h"
#include "support/test.h"

using namespace frugal;

namespace {

struct End {
  int status = 0;
  std::string words;
};

// How a process ends that does this; what it says is in a file.
End end_of(const std::function<void()>& work) {
  const test::TempDir dir;
  const pid_t process = ::fork();
  if (process == 0) {
    struct rlimit none {};
    setrlimit(RLIMIT_CORE, &none);
    std::signal(SIGSEGV, SIG_DFL);
    std::signal(SIGABRT, SIG_DFL);
    if (std::freopen((dir / "words").c_str(), "w", stderr) == nullptr) ::_exit(77);
    work();
    ::_exit(0);
  }
  End end;
  ::waitpid(process, &end.status, 0);
  end.words = base::read_text(dir / "words");
  return end;
}

// So many bytes more than what is mapped by now.
void allow_bytes(rlim_t more) {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  struct rlimit limit {};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + more;
  setrlimit(RLIMIT_AS, &limit);
}

}  // namespace

TEST_CASE("a library that gets no memory ends the tool with a sentence, and what it writes aside goes too") {
  const test::TempDir dir;
  test::write_text(dir / "half.part", "half");
  const End end = end_of([&] {
    base::end_without_memory_by_itself("tool");
    base::goes_with_us(dir / "half.part");
    if (base::allocate_or_end(1000) == nullptr) ::_exit(78);
    base::allocate_or_end(std::size_t{1} << 62);
  });
  CHECK(WIFEXITED(end.status));
  CHECK(WEXITSTATUS(end.status) == 1);
  CHECK(end.words.starts_with("tool: error: out of memory\nhint: "));
  CHECK_FALSE(std::filesystem::exists(dir / "half.part"));
}

TEST_CASE("a crash where memory is gone is explained, and no other") {
  for (const int signal_number : {SIGSEGV, SIGABRT}) {
    const auto crash = [&](bool limited, rlim_t more) {
      return end_of([&] {
        base::explain_crashes_without_memory("tool");
        if (limited) allow_bytes(more);
        ::raise(signal_number);
      });
    };
    const End gone = crash(true, 5'000'000);
    CHECK(WIFEXITED(gone.status));
    CHECK(WEXITSTATUS(gone.status) == 1);
    CHECK(gone.words.starts_with("tool: error: out of memory: a library ended with signal " +
                                 std::to_string(signal_number) + " where "));
    for (const End& other : {crash(true, 500'000'000), crash(false, 0)}) {
      CHECK(WIFSIGNALED(other.status));
      CHECK(WTERMSIG(other.status) == signal_number);
      CHECK(other.words.find("memory") == std::string::npos);
    }
  }
}
