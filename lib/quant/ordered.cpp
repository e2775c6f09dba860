#include "quant/ordered.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace frugal::quant {

void in_order(std::size_t items, std::size_t threads,
              const std::function<void(std::size_t, std::size_t)>& work,
              const std::function<void(std::size_t, std::size_t)>& take) {
  threads = std::min(threads, items);
  if (threads <= 1) {
    for (std::size_t i = 0; i < items; ++i) {
      work(i, 0);
      take(i, 0);
    }
    return;
  }
  std::mutex mutex;
  std::condition_variable turn;
  std::size_t next = 0;
  std::exception_ptr error;
  const auto run = [&](std::size_t worker) {
    // Item i belongs to worker i % threads: who does what is no matter of time.
    for (std::size_t i = worker; i < items; i += threads) {
      try {
        work(i, worker);
        std::unique_lock lock(mutex);
        turn.wait(lock, [&] { return next == i || error; });
        if (error) return;
        take(i, worker);
        ++next;
      } catch (...) {
        {
          const std::lock_guard lock(mutex);
          if (!error) error = std::current_exception();
        }
        turn.notify_all();
        return;
      }
      turn.notify_all();
    }
  };
  {
    std::vector<std::jthread> pool;
    for (std::size_t worker = 1; worker < threads; ++worker) pool.emplace_back(run, worker);
    run(0);
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace frugal::quant
