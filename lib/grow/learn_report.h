// report.html of a learned operator: what it cost and brought, the factors' norms, a picture of each map.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "grow/ligo.h"

namespace frugal::grow {

void write_learn_report(const std::string& folder, const Ligo& ligo, const nlohmann::ordered_json& line);

}  // namespace frugal::grow
