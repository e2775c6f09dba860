// The page of a quantisation: accuracy before and after, and every layer's range and error.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::calibrate {

// result: as result.json has it.
std::string page(const std::string& network, const nlohmann::ordered_json& result);

}  // namespace frugal::calibrate
