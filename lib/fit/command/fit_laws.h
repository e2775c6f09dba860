// A series of several variables, fitted by laws of the table or by the user's own: what is done where a law,
// a loss or bounds were asked for. Rolling hold-outs weight the laws where there are several, and give the
// misfit.
#pragma once

#include <cstdint>
#include <string>

#include "fit/command/run_fit.h"

namespace frugal::fit {

// Fills laws, weights, intervals, hold_outs, notes and surface. place: where the config stands, for errors.
void fit_laws(SeriesFit& series, const FitConfig& config, std::uint64_t seed, const std::string& place);

}  // namespace frugal::fit
