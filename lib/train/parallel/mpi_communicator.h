// The MPI backend, in one file; null where the build has no MPI.
#pragma once

#include <memory>

#include "train/run/communicator.h"

namespace frugal::train {

std::unique_ptr<Communicator> make_mpi_communicator();

}  // namespace frugal::train
