// The page of a selection: gain against memory, the chosen scheme, layer by layer.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "ir/ids.h"

namespace frugal::sparse {

// result: what select() gives.
std::string select_page(const nlohmann::ordered_json& result, const ir::Graph& graph);

}  // namespace frugal::sparse
