// Work of one process, or of several that a launcher (mpirun, srun) started to do it together. Without a
// launcher, or where it started one alone, there is a single process and no MPI.
//
// Where it fails, that is said once: every process tells the others, the first that has an error of its own
// throws it on, and the rest end in silence with the same exit code (base::Silent).
#pragma once

#include <functional>

#include "train/run/communicator.h"

namespace frugal::train {

// Throws what `work` throws, base::Silent, and UserError where a launcher started several processes but this
// build has no MPI, or MPI knows nothing of the others. Once a process: MPI starts and ends with it.
void together(const std::function<void(Communicator&)>& work);

}  // namespace frugal::train
