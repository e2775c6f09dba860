// Several processes that train together. A backend is one file; without one a run has a single process.
#pragma once

#include <memory>

#include "train/run/communicator.h"

namespace frugal::train {

// Whether a launcher (mpirun, srun) started several processes; then over MPI, else a single process. Throws
// UserError where a launcher did but this build has no MPI.
std::unique_ptr<Communicator> make_communicator();

}  // namespace frugal::train
