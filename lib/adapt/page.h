// The page of an adaptation: accuracy over the epochs, what was trained, and what that takes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "ir/ids.h"

namespace frugal::adapt {

// line: that of runs.jsonl; scheme: as sparse/scheme.h writes it.
std::string page(const nlohmann::ordered_json& line, const nlohmann::ordered_json& scheme,
                 const ir::Graph& graph);

}  // namespace frugal::adapt
