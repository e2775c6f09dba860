// How this process was started: alone, or by mpirun or srun as one of several. Read from the environment that
// launchers set, so that tools without MPI know it too.
#pragma once

#include <string>
#include <vector>

namespace frugal::base {

struct Launch {
  int rank = 0, size = 1;
  std::string by;  // "mpirun", "srun"; empty: by nobody who starts several
};

Launch launched();

// The environment for a program that this process starts: one that does not take itself for one of several.
std::vector<std::string> environment_alone();

// For a process that ends since another one has said what is wrong: a launcher ends all as soon as one has
// failed, and the message goes first. Waits two seconds, or until the launcher's signal comes.
void let_another_speak();

}  // namespace frugal::base
