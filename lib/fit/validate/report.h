// The page of `scalefit validate`: what was predicted beside what was measured.
#pragma once

#include <string>

#include "fit/validate/validate.h"

namespace frugal::fit {

std::string validate_page(const ValidateOutcome& outcome, const ValidateConfig& config, std::uint64_t seed);

}  // namespace frugal::fit
