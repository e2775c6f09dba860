// From what a surface predicts to what the user measures, both rising together: the error from the odds of an
// accuracy above chance, or a downstream error from a loss by a sigmoid.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/json_node.h"

namespace frugal::fit {

// error = lowest + (highest − lowest)/(1 + e^(−steepness (loss − middle))): OLMo's and Llama 3's second step.
struct Sigmoid {
  double lowest = 0, highest = 1, steepness = 1, middle = 0;
  double operator()(double loss) const;
};

struct Link {
  enum class Kind { odds, sigmoid } kind = Kind::odds;
  // odds: error = (1 − chance) o/(1 + o), o = error/(1 − chance − error) = (1 − accuracy)/(accuracy −
  // chance).
  double chance = 0;
  Sigmoid sigmoid;
  std::vector<Sigmoid> draws;  // of refits
  double noise = 0;            // of the error around the sigmoid
  std::vector<double> scores;  // one standard normal number a draw: one run's noise

  // draw: Surface::estimate or a draw's number, with one run's noise where with_noise.
  double error_of(double inner, int draw, bool with_noise) const;
  double inner_of(double error) const;  // of odds
  double inner_error_deviation(double error, double deviation) const;

  nlohmann::ordered_json to_json() const;
  static Link read(const config::JsonNode& node);
};

// Least squares of the error over losses, highest held at `highest` where that is > 0. draws: refits to
// resampled residuals. Errors: UserError where there are fewer than five pairs or the error does not rise
// with the loss.
Link fit_sigmoid(const std::vector<double>& loss, const std::vector<double>& error, double highest, int draws,
                 std::uint64_t seed, const std::string& place);

}  // namespace frugal::fit
