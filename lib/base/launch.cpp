#include "base/launch.h"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>

#include "base/stop.h"

extern char** environ;

namespace frugal::base {
namespace {

std::optional<int> number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  int value = 0;
  const auto [end, problem] = std::from_chars(text, text + std::strlen(text), value);
  if (problem != std::errc() || *end != '\0') return std::nullopt;
  return value;
}

struct Names {
  const char *rank, *size, *by;
};

// Open MPI's mpirun, MPICH's mpiexec (and srun --mpi=pmi2), srun with any other plugin. What sbatch sets for
// its script (SLURM_NTASKS, SLURM_PROCID) says nothing of several.
constexpr Names launchers[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "mpirun"},
                               {"PMI_RANK", "PMI_SIZE", "mpiexec"},
                               {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "srun"}};

}  // namespace

Launch launched() {
  for (const Names& names : launchers) {
    const auto rank = number(names.rank), size = number(names.size);
    if (rank && size && *size >= 1 && *rank >= 0 && *rank < *size) return {*rank, *size, names.by};
  }
  return {};
}

std::vector<std::string> environment_alone() {
  const bool several = launched().size > 1;
  std::vector<std::string> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const bool launchers_own = text.starts_with("OMPI_") || text.starts_with("PMIX_") ||
                               text.starts_with("PMI_") || text.starts_with("SLURM_STEP_NUM_TASKS=");
    if (!several || !launchers_own) kept.emplace_back(text);
  }
  return kept;
}

void let_another_speak() {
  constexpr int turns = 200;
  for (int turn = 0; turn < turns && stop_signal() == 0; ++turn)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace frugal::base
