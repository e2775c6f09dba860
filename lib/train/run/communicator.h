// Processes that train together, each on its slice of every batch: this class is a single one. Several are
// train/parallel/together.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace frugal::train {

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const { return 0; }
  virtual int size() const { return 1; }
  bool is_first() const { return rank() == 0; }

  // Sums in place over all processes. `begin` returns at once with a handle for `wait`; every process must
  // begin in the same order.
  virtual std::size_t begin_sum(float* /*values*/, std::int64_t /*count*/) { return 0; }
  virtual void wait(std::size_t /*handle*/) {}
  virtual void sum(double* /*values*/, std::int64_t /*count*/) {}
  void sum(float* values, std::int64_t count) { wait(begin_sum(values, count)); }
  // The first process's bytes to all.
  virtual void broadcast(void* /*bytes*/, std::size_t /*count*/) {}
  virtual void barrier() {}

  // How long the others may let this one wait, here and from now on; then PeerLost is thrown. Where one of
  // them has failed every wait throws base::Silent (train/parallel/together.h).
  virtual void wait_at_most(double /*seconds*/) {}
};

}  // namespace frugal::train
