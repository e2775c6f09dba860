// What a backend for several processes has beside the sums that work asks for: how they end. A backend is one
// file.
#pragma once

#include <memory>

#include "train/run/communicator.h"

namespace frugal::train {

class Group : public Communicator {
 public:
  // After all work was done: no process leaves the others behind.
  virtual void end() = 0;

  // After a failure: `own_code` is this process's exit code, 0 where it only heard of another's. Tells the
  // others, hears from them, and returns the exit code that is theirs to report, or 0: this process reports.
  virtual int end_failed(int own_code) = 0;
};

std::unique_ptr<Group> make_mpi_group();  // null where the build has no MPI

}  // namespace frugal::train
