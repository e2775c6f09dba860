// The pages of `scalefit predict`, `plan` and `compare`. They show the numbers of the result that is printed,
// and draw the surface around them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "fit/command/decide_command.h"

namespace frugal::fit {

// result: what the command of the same name filled.
std::string predict_page(const ReadFit& fit, const PredictConfig& config,
                         const nlohmann::ordered_json& result);
std::string plan_page(const ReadFit& fit, const PlanConfig& config, const nlohmann::ordered_json& result);
std::string compare_page(const ReadFit& first, const ReadFit& second, const CompareConfig& config,
                         const nlohmann::ordered_json& result);

}  // namespace frugal::fit
