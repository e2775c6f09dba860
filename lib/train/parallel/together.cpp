#include "train/parallel/together.h"

#include <fmt/format.h>

#include <exception>

#include "base/ending.h"
#include "base/launch.h"
#include "train/parallel/group.h"

namespace frugal::train {

using base::UserError;

void together(const std::function<void(Communicator&)>& work) {
  const base::Launch launch = base::launched();
  if (launch.size == 1) {
    Communicator alone;
    work(alone);
    return;
  }
  const std::unique_ptr<Group> group = make_mpi_group();
  if (group == nullptr || group->size() != launch.size) {
    if (launch.rank > 0) {
      base::let_another_speak();
      throw base::Silent(2);
    }
    if (group == nullptr)
      throw UserError(
          "", fmt::format("{} started {} processes, but this build has no MPI", launch.by, launch.size),
          "install libopenmpi-dev and build again");
    throw UserError(
        "",
        fmt::format("{} started {} processes, but MPI knows of {}", launch.by, launch.size, group->size()),
        "srun: give --mpi=pmix or --mpi=pmi2, as this MPI was built for");
  }
  try {
    work(*group);
  } catch (...) {
    const std::exception_ptr error = std::current_exception();
    const int own = base::exit_code_of(error);
    bool heard = false;
    try {
      std::rethrow_exception(error);
    } catch (const base::Silent&) {
      heard = true;
    } catch (...) {
    }
    const int code = group->end_failed(heard ? 0 : own);
    if (code == 0 && !heard) throw;
    base::let_another_speak();
    throw base::Silent(code == 0 ? own : code);
  }
  group->end();
}

}  // namespace frugal::train
