// One series of measurements as the fit and the decisions take it.
#pragma once

#include "fit/measurements.h"
#include "fit/points.h"
#include "fit/surface.h"

namespace frugal::fit {

Points to_points(const Measurements& measurements);
Measured to_measured(const Measurements& measurements);
RunScale scale_of(const Measurements& measurements, std::size_t row);

}  // namespace frugal::fit
