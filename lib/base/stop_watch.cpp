#include "base/stop_watch.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <new>
#include <set>
#include <thread>

#include "base/stop.h"

namespace frugal::base {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto time_to_end = std::chrono::milliseconds(600), look_again = std::chrono::milliseconds(20);

struct Watch {
  Watch() { sem_init(&woken, 0, 0); }
  sem_t woken;
  std::string tool;
  std::atomic<int> finishing{0};
  std::atomic<bool> answered{false};
  std::mutex mutex;
  std::set<std::string> aside;
};

// Never destroyed: the thread may look at it while the program ends.
Watch& watch() {
  static Watch* const one = new Watch;
  return *one;
}

void end_here(Watch& w) {
  // The work still runs: it may make a file after this, but nothing that it has made is left half-written
  // under its own name.
  remove_what_goes_with_us();
  if (w.answered) return;
  std::fprintf(stderr, "%s: stopped by signal %d\n", w.tool.c_str(), stop_signal());
  std::fflush(stderr);
  ::_exit(128 + stop_signal());
}

void* wait_and_end(void* /*unused*/) {
  Watch& w = watch();
  while (sem_wait(&w.woken) != 0 && errno == EINTR) {
  }
  Clock::time_point until = Clock::now() + time_to_end;
  while (Clock::now() < until) {
    std::this_thread::sleep_for(look_again);
    if (w.answered) return nullptr;
    if (w.finishing > 0) until = Clock::now() + time_to_end;
  }
  end_here(w);
  return nullptr;
}

}  // namespace

void watch_for_stop(const std::string& tool) {
  watch().tool = tool;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, std::size_t{1} << 18);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Signals are the work's: the thread takes none away.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, wait_and_end, nullptr) != 0) {
    // No memory for a thread: a stop then waits for the work.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
}

void wake_watch() { sem_post(&watch().woken); }

void stop_answered() { watch().answered = true; }

FinishFirst::FinishFirst() { ++watch().finishing; }
FinishFirst::~FinishFirst() { --watch().finishing; }

void goes_with_us(const std::string& path) {
  const std::lock_guard<std::mutex> lock(watch().mutex);
  watch().aside.insert(path);
}

void goes_no_more(const std::string& path) {
  const std::lock_guard<std::mutex> lock(watch().mutex);
  watch().aside.erase(path);
}

void remove_what_goes_with_us() noexcept {
  try {
    Watch& w = watch();
    if (!w.mutex.try_lock()) return;
    std::error_code error;
    for (const std::string& path : w.aside) std::filesystem::remove_all(path, error);
  } catch (const std::bad_alloc&) {
    // Without memory for its name it stays.
  }
}

}  // namespace frugal::base
