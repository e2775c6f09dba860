// The default fit over size and data: the posterior of fit/posterior/posterior.h with its rolling hold-outs,
// put into the form that reports know.
#pragma once

#include <cstdint>

#include "fit/command/run_fit.h"

namespace frugal::fit {

// Fills laws, weights, intervals, hold_outs, notes and surface. UserError where there are too few scales.
void fit_posterior(SeriesFit& series, const FitConfig& config, std::uint64_t seed);

}  // namespace frugal::fit
