// From every smaller corner of a grid of sizes and amounts of data, the largest run is predicted and compared
// with what was measured (the protocol of Rosenfeld et al. 2020 on real runs).
#pragma once

#include <memory>

#include "fit/validate/validate.h"

namespace frugal::fit {

// One series. Errors: UserError where there is no run of the largest size on the most data.
std::unique_ptr<Check> validate_corners(const ValidateInput& input);

}  // namespace frugal::fit
