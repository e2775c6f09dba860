// What `scalefit fit` tells: one JSON object with parameters, draws, misfit and the fitted runs, which
// `predict`, `plan`, `compare` and `design` read back (decision.h), and a page with what a paper cites (form,
// loss, starts, runs left out, parameters with intervals, certificate) and what a reader looks at (curves,
// residuals, error surface, isoFLOP curves, frontier).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "fit/command/run_fit.h"

namespace frugal::fit {

// The `notes` and `fits` of the result.
void add_to_result(const FitOutcome& outcome, const FitConfig& config, nlohmann::ordered_json& result);

std::string fit_page(const FitOutcome& outcome, const FitConfig& config, std::uint64_t seed);

}  // namespace frugal::fit
