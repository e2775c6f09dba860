#include "train/parallel/communicator.h"

#include <cstdlib>

#include "base/error.h"
#include "train/parallel/mpi_communicator.h"

namespace frugal::train {
namespace {

// Set by Open MPI's mpirun, by PMIx and PMI launchers (srun), by MPICH's mpiexec.
bool was_launched() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<Communicator> make_communicator() {
  if (!was_launched()) return std::make_unique<Communicator>();
  std::unique_ptr<Communicator> mpi = make_mpi_communicator();
  if (mpi == nullptr) {
    throw base::UserError("", "several processes were started, but this build has no MPI",
                          "install libopenmpi-dev and build again");
  }
  return mpi;
}

}  // namespace frugal::train
