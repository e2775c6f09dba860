// The protocol of Rosenfeld et al. 2020 on surfaces that are known: data by halves (2^-k, k = 0 … 5) and
// model size by quarters (4^-k, k = 0 … 6), errors from a rosenfeld law with multiplicative noise. In fit:
// 10-fold, every run predicted from a fit without it. Extrapolation: runs of at most 1/16 of the size and 1/8
// of the data predict the largest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frugal::fit {

struct ProtocolResult {
  std::string name;
  std::vector<double> theta;  // the true a, b, c_inf, alpha, beta, eps0 (η = ε₀)
  std::size_t runs = 0, corner_runs = 0;
  // Mean and standard deviation of the relative error δ = (ε̂ − ε)/ε against the noisy measurements.
  double fit_mu = 0, fit_sigma = 0;
  double extrapolation_mu = 0, extrapolation_sigma = 0;
  // The same extrapolation by what `scalefit fit` does where no law is named, and the share of its intervals
  // that hold the measurement.
  double default_mu = 0, default_sigma = 0, default_covered = 0;
};

// One result for every built-in parameter set, each over `repeats` draws of the noise.
std::vector<ProtocolResult> simulate_protocol(double noise, int repeats, std::uint64_t seed);

}  // namespace frugal::fit
