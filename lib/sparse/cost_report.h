// The costs of update schemes (sparse/training_cost.h) as `inspect` tells them: JSON, and tables for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sparse/training_cost.h"

namespace frugal::sparse {

// {"name", "scheme", "layers": […], "totals": {…}, "memory": {…, "peak": {…}}, "steps", "tensors"}
nlohmann::ordered_json to_json(const TrainingCost& cost, const UpdateScheme& scheme, const std::string& name,
                               const ir::Graph& graph);

// One line a scheme, of a list of such objects.
std::string comparison_table(const nlohmann::ordered_json& schemes);
// One line a layer of one of them, and what fills the memory at its peak.
std::string layer_table(const nlohmann::ordered_json& scheme);

}  // namespace frugal::sparse
