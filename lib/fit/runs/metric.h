// What the column of the error measures: something that falls with scale, or an accuracy that rises. A rising
// one is fitted as error = 1 − accuracy, whether it was written as a fraction or in per cent.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace frugal::fit {

struct Metric {
  std::string name;    // of the column
  bool rises = false;  // larger is better
  double unit = 1;     // of the user's numbers: 1, or 100 for per cent
  double chance = 0;   // what guessing reaches, as a fraction

  // The user's number of an error, and back.
  double of_error(double error) const { return unit * (1 - error); }
  double to_error(double metric) const { return 1 - metric / unit; }
};

enum class Direction { falls, rises, unknown };
// By the name of the column: losses and errors fall, accuracies and scores of known benchmarks rise.
Direction direction_of(const std::string& column);

// What guessing reaches, as far as the names (of column, task, series) say: hellaswag 0.25, cifar10 0.1.
std::optional<double> chance_by_name(const std::vector<std::string>& names);
// The level 1/k that the lowest accuracies lie just above, as runs do that guess; 0 where they lie above
// none.
double chance_by_level(std::vector<double> accuracies);

}  // namespace frugal::fit
