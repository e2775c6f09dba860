// The HTML report of a fit: what a paper cites (form, loss, starts, runs left out, parameters with intervals,
// certificate) and what a reader looks at (curves, residuals, error surface, isoFLOP curves, frontier).
#pragma once

#include <string>

#include "fit/command/run_fit.h"

namespace frugal::fit {

std::string fit_page(const FitOutcome& outcome, const FitConfig& config, std::uint64_t seed);

}  // namespace frugal::fit
