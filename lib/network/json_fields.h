// Fields that network files have in common, over config::JsonNode.
#pragma once

#include "config/json_node.h"
#include "network/network.h"

namespace frugal::network {

// Channels, features, kernels, strides, pixels: [1, 2^20], which keeps every product of extents within 64
// bits.
inline config::Range extent() { return config::between(1, 1 << 20); }

// "kernel_size": odd, as k or [k, k].
std::int64_t odd_kernel(const config::JsonNode& node);

// The activation at `key`: null is none; `otherwise` where the key is absent.
Activation activation_or(const config::JsonNode& node, const std::string& key, Activation otherwise);

}  // namespace frugal::network
