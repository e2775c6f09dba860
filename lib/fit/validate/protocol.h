// The protocol of Rosenfeld et al. 2020 on surfaces that are known: data by halves (2^-k, k = 0 … 5) and
// model size by quarters (4^-k, k = 0 … 6), errors from a rosenfeld law with multiplicative noise. In fit:
// 10-fold, every run predicted from a fit without it. Extrapolation: runs of at most 1/16 of the size and 1/8
// of the data predict the largest.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fit/validate/validate.h"

namespace frugal::fit {

// Mean and standard deviation of the relative error δ = (ε̂ − ε)/ε against the noisy measurements.
struct RelativeError {
  double mu = 0, sigma = 0;
};

struct ProtocolResult {
  std::string name;
  std::vector<double> theta;  // the true a, b, c_inf, alpha, beta, eps0 (η = ε₀)
  std::size_t runs = 0, corner_runs = 0;
  RelativeError in_fit, extrapolation;
  // The same extrapolation by what `scalefit fit` does where no law is named, and the share of its intervals
  // that hold the measurement.
  RelativeError by_default;
  double default_covered = 0;
};

// One result for every built-in parameter set, each over `repeats` draws of the noise.
std::vector<ProtocolResult> simulate_protocol(double noise, int repeats, std::uint64_t seed);

struct ProtocolReport final : Check {
  std::vector<ProtocolResult> surfaces;

  void add_to_result(nlohmann::ordered_json& result) const override;
  void add_to_page(report::Page& page, double coverage) const override;
};

}  // namespace frugal::fit
