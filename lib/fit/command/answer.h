// The short answer that a person at a terminal reads in place of the JSON, from the same result; its first
// line also stands on top of the page. Numbers as people write them: 69 B, 1.4 T, 7.9 %.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fit/command/fit_config.h"
#include "fit/command/run_fit.h"
#include "fit/decide/design.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

std::string people(double value);  // "69 B", "1.4 T", "3.1e+23" from 1e15 on

// fit: the surface that the result is of, for the name and unit of its metric.
std::string fit_answer(const FitOutcome& outcome, const FitConfig& config);
std::string predict_answer(const Surface& fit, const nlohmann::ordered_json& result);
std::string plan_answer(const Surface& fit, const nlohmann::ordered_json& result);
std::string compare_answer(const nlohmann::ordered_json& result);
std::string design_answer(const std::vector<DesignedRun>& runs);
// Of what has no answer of its own (validate, measure): its numbers, a line each.
std::string plain_answer(const nlohmann::ordered_json& result);

std::string first_line(const std::string& answer);

}  // namespace frugal::fit
