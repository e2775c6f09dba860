// Quantiles, of the normal distribution and of numbers; the covariance of a Gaussian process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace frugal::fit {

// Of the standard normal distribution; probability in (0, 1).
double normal_quantile(double probability);

// Linear between order statistics; sorted ascending, not empty, share in [0, 1]. Values may be infinite.
double sorted_quantile(const std::vector<double>& sorted, double share);

// A value with its interval; infinite where a draw knows no end (a target that it never reaches).
struct Estimate {
  double value = 0, low = 0, high = 0;
};
// Quantiles of draws around a value, at (1 ± coverage)/2; draws may be infinite, not NaN.
Estimate estimate_of(double value, std::vector<double> draws, double coverage);

// Matérn 3/2: k(r) = (1 + √3 r) exp(−√3 r), r the distance in units of the length.
double matern(double distance);

// Standard normal numbers at equal steps of probability, in an order that the seed shuffles: few of them
// stand for the distribution as well as many random ones.
std::vector<double> normal_scores(std::size_t count, std::uint64_t seed);

}  // namespace frugal::fit
