// How one of several processes of a run ends: a launcher (mpirun, srun) started them to share the work.
#pragma once

#include <exception>

#include "base/error.h"

namespace frugal::base {

// Another process says what is wrong; this one says nothing and ends with that one's exit code.
class Silent : public std::exception {
 public:
  explicit Silent(int exit_code) : exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }
  const char* what() const noexcept override { return "another process of this run ended it"; }

 private:
  int exit_code_;
};

// Another process does not answer.
class PeerLost : public Failure {
 public:
  using Failure::Failure;
};

// What a tool ends with where this is thrown: 2 the user's input is wrong, 128 + n a signal, else 1.
int exit_code_of(const std::exception_ptr& error);

}  // namespace frugal::base
