// One series of measurements as the fit and the decisions take it.
#pragma once

#include "fit/runs/measurements.h"
#include "fit/runs/runs.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

Runs to_runs(const Measurements& measurements);
Measured to_measured(const Measurements& measurements);
RunScale scale_of(const Measurements& measurements, std::size_t row);

}  // namespace frugal::fit
