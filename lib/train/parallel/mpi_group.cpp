// The MPI backend of several processes. Nothing here blocks for ever: every operation is begun, and then
// looked at until it is done, another process says that it failed, a signal came, or the time is over.
#include "train/parallel/group.h"

#ifdef FRUGAL_WITH_MPI

#include <fmt/format.h>
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/ending.h"
#include "base/stop.h"

namespace frugal::train {
namespace {

using Clock = std::chrono::steady_clock;

// Once a signal came, the others had it too and are at the same step, or are gone; mpirun waits a second
// before it kills.
constexpr double after_signal = 0.3;
// How long a process with an error waits for one before it in order, which may have one too.
constexpr double hear_others = 30;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw base::PeerLost(fmt::format("MPI: {}: {}", what, std::string(text, static_cast<std::size_t>(length))));
}

// MPI counts are int.
int as_count(std::int64_t count) {
  FRUGAL_ASSERT(count >= 0 && count <= INT_MAX, "an MPI message of more than 2^31 numbers");
  return static_cast<int>(count);
}

class MpiGroup final : public Group {
 public:
  MpiGroup() {
    int provided = 0;
    // Gradients are summed by the thread that runs backward; one at a time.
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "start");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "size");
    check(MPI_Comm_dup(MPI_COMM_WORLD, &endings_), "start");
    MPI_Comm_set_errhandler(endings_, MPI_ERRORS_RETURN);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  std::size_t begin_sum(float* values, std::int64_t count) override {
    requests_.emplace_back();
    check(MPI_Iallreduce(MPI_IN_PLACE, values, as_count(count), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD,
                         &requests_.back()),
          "sum of gradients");
    return requests_.size() - 1;
  }
  void wait(std::size_t handle) override {
    until_done(requests_.at(handle), "sum of gradients");
    while (!requests_.empty() && requests_.back() == MPI_REQUEST_NULL) requests_.pop_back();
  }
  void sum(double* values, std::int64_t count) override {
    const auto bytes = static_cast<std::size_t>(count) * sizeof(double);
    in_own_memory(values, bytes, "sum", [&](void* own, MPI_Request* request) {
      return MPI_Iallreduce(MPI_IN_PLACE, own, as_count(count), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, request);
    });
  }
  void broadcast(void* bytes, std::size_t count) override {
    in_own_memory(bytes, count, "broadcast", [&](void* own, MPI_Request* request) {
      return MPI_Ibcast(own, as_count(static_cast<std::int64_t>(count)), MPI_BYTE, 0, MPI_COMM_WORLD,
                        request);
    });
  }
  void barrier() override {
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Ibarrier(MPI_COMM_WORLD, &request), "barrier");
    until_done(request, "barrier");
  }
  void wait_at_most(double seconds) override { patience_ = seconds; }

  void end() override {
    barrier();
    MPI_Finalize();
  }

  // MPI is not finalised then: that would wait for what was begun and will never be done.
  int end_failed(int own_code) override {
    const std::vector<int> told(static_cast<std::size_t>(size_), own_code);
    std::vector<MPI_Request> sent(static_cast<std::size_t>(size_), MPI_REQUEST_NULL);
    for (int other = 0; other < size_; ++other) {
      if (other != rank_)
        MPI_Isend(&told[static_cast<std::size_t>(other)], 1, MPI_INT, other, 0, endings_,
                  &sent[static_cast<std::size_t>(other)]);
    }
    std::vector<int> codes(static_cast<std::size_t>(size_), unheard);
    codes[static_cast<std::size_t>(rank_)] = own_code;
    const auto start = Clock::now();
    for (;;) {
      hear(codes);
      const auto reporting = std::find_if(codes.begin(), codes.end(), [](int code) { return code != 0; });
      const bool settled = reporting == codes.end() || *reporting != unheard;
      if (settled || seconds_since(start) > std::min(hear_others, patience_)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const auto first =
        std::find_if(codes.begin(), codes.end(), [](int code) { return code != 0 && code != unheard; });
    const bool mine = first == codes.end() || first - codes.begin() == rank_;
    push_out(sent);
    return mine ? 0 : *first;
  }

 private:
  static constexpr int unheard = -1;

  void hear(std::vector<int>& codes) {
    for (;;) {
      int there = 0, code = 0;
      MPI_Status status;
      if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, endings_, &there, &status) != MPI_SUCCESS || there == 0)
        return;
      if (MPI_Recv(&code, 1, MPI_INT, status.MPI_SOURCE, status.MPI_TAG, endings_, &status) != MPI_SUCCESS)
        return;
      codes[static_cast<std::size_t>(status.MPI_SOURCE)] = code;
    }
  }

  // What was sent leaves this process only while MPI is called; one that is gone takes nothing.
  static void push_out(std::vector<MPI_Request>& sent) {
    const auto start = Clock::now();
    int all = 0;
    while (all == 0 && seconds_since(start) < after_signal) {
      if (MPI_Testall(static_cast<int>(sent.size()), sent.data(), &all, MPI_STATUSES_IGNORE) != MPI_SUCCESS)
        return;
      sched_yield();
    }
  }

  void until_done(MPI_Request& request, const char* what) {
    const auto start = Clock::now();
    Clock::time_point signalled{};
    for (std::int64_t turn = 0;; ++turn) {
      int done = 0;
      check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), what);
      if (done != 0) return;
      if (turn < 4096) {
        sched_yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
      if (turn % 256 != 255) continue;
      int ended = 0;
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, endings_, &ended, MPI_STATUS_IGNORE);
      if (ended != 0) throw base::Silent(1);  // with which code is heard at the end
      if (base::stop_signal() != 0) {
        if (signalled == Clock::time_point{}) signalled = Clock::now();
        if (seconds_since(signalled) > after_signal) base::stop_if_requested();
      }
      if (seconds_since(start) > patience_)
        throw base::PeerLost(fmt::format("process {} of {} has waited {:g} seconds for another one ({}): it "
                                         "is gone, or the link to it",
                                         rank_, size_, patience_, what),
                             "go on with --resume; loop.peer_seconds says how long to wait");
    }
  }

  // MPI may write into what it was given for as long as the process lives, where the operation was not done:
  // that is memory of its own then, and is never freed.
  void in_own_memory(void* values, std::size_t bytes, const char* what,
                     const std::function<int(void*, MPI_Request*)>& begin) {
    auto* own = new std::vector<unsigned char>(bytes);
    if (bytes > 0) std::memcpy(own->data(), values, bytes);
    MPI_Request request = MPI_REQUEST_NULL;
    check(begin(own->data(), &request), what);
    until_done(request, what);
    if (bytes > 0) std::memcpy(values, own->data(), bytes);
    delete own;
  }

  int rank_ = 0, size_ = 1;
  double patience_ = 300;
  MPI_Comm endings_ = MPI_COMM_NULL;  // who has failed is said here, apart from the work
  std::vector<MPI_Request> requests_;
};

}  // namespace

std::unique_ptr<Group> make_mpi_group() { return std::make_unique<MpiGroup>(); }

}  // namespace frugal::train

#else

namespace frugal::train {

std::unique_ptr<Group> make_mpi_group() { return nullptr; }

}  // namespace frugal::train

#endif
