// How a series of several variables is fitted where a law, a loss or bounds were asked for: the pieces behind
// run_fit (fit/command/fit_command.h). What is done where nothing was asked for stands in
// fit/command/fit_default.h.
#pragma once

#include "fit/command/fit_command.h"

namespace frugal::fit {

FitOptions options_of(const FitConfig& config, std::uint64_t seed, const Law& law);

// place: where the config stands, for errors.
void fit_joint(SeriesFit& series, const FitConfig& config, std::uint64_t seed, const std::string& place);

}  // namespace frugal::fit
