// Shared by the sources of lib/config alone.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::config {

// A value as messages show it: JSON, shortened.
std::string shown(const nlohmann::json& value);

}  // namespace frugal::config
