// Contributions measured: one short training a part, several at a time, each added to the file as soon as it
// is done, in the order of the parts, so that the file is the same for any number of threads and a stopped
// measurement goes on where it was.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "sparse/contributions.h"

namespace frugal::sparse {

// Accuracies after training by a scheme, one a repeat; the repeats of all schemes are paired (same heads,
// same order of samples). Throws Failure where a training diverged, Interrupted where it was stopped. Called
// from several threads at once.
using Train = std::function<std::vector<double>(const UpdateScheme&)>;

struct MeasureOptions {
  std::string path;  // of the file
  std::size_t threads = 1;
  bool resume = false, quiet = false;
};

// Parts that the file has are not trained again. Throws UserError where there is a file and resume was not
// asked for, or where it was measured otherwise.
Contributions measure_contributions(const ExtraMemory& memory, const ContributionSetup& setup,
                                    const Train& train, const MeasureOptions& options);

// How many trainings all parts take.
std::size_t training_count(const ExtraMemory& memory, const ContributionSetup& setup);

// A file that a killed run left: without the last line where that is broken. Throws UserError where another
// line is broken, where there is none yet returns the setup alone.
Contributions resumed_contributions(const std::string& path, const ContributionSetup& setup);

}  // namespace frugal::sparse
