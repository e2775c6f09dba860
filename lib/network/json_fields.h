// Fields that network files have in common, read over config::JsonNode and written.
#pragma once

#include "config/json_node.h"
#include "network/activation.h"

namespace frugal::network {

// Channels, features, kernels, strides, pixels: [1, 2^20], which keeps every product of extents within 64
// bits.
inline config::Range extent() { return config::between(1, 1 << 20); }

// "kernel_size": odd, as k or [k, k].
std::int64_t odd_kernel(const config::JsonNode& node);

// The activation at `key`: null is none; `otherwise` where the key is absent.
Activation activation_or(const config::JsonNode& node, const std::string& key, Activation otherwise);
nlohmann::ordered_json activation_json(Activation activation);

// "ops_order": weight, batch norm, activation is the only one.
void check_order(const config::JsonNode& node);

// Whole numbers stay whole in the file, as the projects write them.
nlohmann::ordered_json number_json(double value);

}  // namespace frugal::network
