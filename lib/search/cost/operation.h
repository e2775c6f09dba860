// One piece of a network as a JSON object, for a runner that measures it on another machine
// (search/cost/runner.h).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "search/cost/table_key.h"

namespace frugal::search {

nlohmann::ordered_json operation_json(const Piece& piece);
// Throws UserError where a field is missing or is no operation.
Piece read_operation(const nlohmann::json& json, const std::string& place);

}  // namespace frugal::search
