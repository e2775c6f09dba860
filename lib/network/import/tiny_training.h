// The int8 networks that Lin et al. published with "On-Device Training Under 256KB Memory" (NeurIPS 2022;
// project tiny-training): a JSON of blocks (pointwise1, depthwise, pointwise2, residual) with scales and zero
// points, and a file of weights. Rounding is float32-half-even.
//
// Their classifier is stored in int8 but computed in float: its weights become float, weight · s_w and
// bias · s_w · s_x. Operators are named first_conv, blocks.3.pointwise1, blocks.3.residual, … classifier.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "checkpoint/safetensors.h"
#include "network/import/model_builder.h"

namespace frugal::network {

bool is_tiny_training(const nlohmann::json& json);

// name: of the graph; origin: the JSON's file, for messages. Throws UserError at the place in the JSON or at
// the tensor in the file of weights.
Imported import_tiny_training(const nlohmann::json& json, const checkpoint::SafetensorsFile& weights,
                              const std::string& name, const std::string& origin);

}  // namespace frugal::network
