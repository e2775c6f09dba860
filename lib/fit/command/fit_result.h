// What `scalefit fit` prints: one JSON object with parameters, draws, misfit and the fitted runs, which
// `predict`, `plan`, `compare` and `design` read back (fit/command/read_fit.h).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "fit/command/run_fit.h"

namespace frugal::fit {

// The `notes` and `fits` of the result.
void add_to_result(const FitOutcome& outcome, const FitConfig& config, nlohmann::ordered_json& result);

}  // namespace frugal::fit
