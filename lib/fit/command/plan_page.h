// The page of `scalefit plan`: the numbers of the result that is printed, and the surface drawn around them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "fit/command/plan.h"

namespace frugal::fit {

// result: what plan_command filled.
std::string plan_page(const ReadFit& fit, const PlanConfig& config, const nlohmann::ordered_json& result);

}  // namespace frugal::fit
