// Reads off a training curve at which compute a loss is reached, so that what a growth method saves can be
// said; and means over seeds with their intervals.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace frugal::grow {

struct Curve {
  std::vector<double> compute;  // FLOPs, rising
  std::vector<double> loss;
};

// The compute at which the curve first is at or below `loss`, on the line between the points around it.
std::optional<double> compute_to(const Curve& curve, double loss);

// Mean of values with the interval of its mean at 95 % (Student's t); low = high = mean of a single value.
struct Mean {
  double mean = 0, low = 0, high = 0;
  int count = 0;
};
Mean mean_of(const std::vector<double>& values);

}  // namespace frugal::grow
