// network.json (network/network.h, network/tree.h) with its trained weights as a float graph with numbers.
// The tensors have the operators' names in a file of weights already; numbers of other widths become float32.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "checkpoint/safetensors.h"
#include "network/import/model_builder.h"
#include "network/network.h"

namespace frugal::network {

// Throws UserError at the place in the JSON, or at the tensor in the file of weights that is missing, has
// another shape, or belongs to no layer.
Imported import_float_network(const nlohmann::json& json, const checkpoint::SafetensorsFile& weights,
                              const std::string& origin);

Imported import_float_network(const NetworkConfig& network, const checkpoint::SafetensorsFile& weights,
                              const std::string& origin);

}  // namespace frugal::network
