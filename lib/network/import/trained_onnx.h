// A network.json with its trained weights as an ONNX file in float (network/float_onnx.h): what `nas-search
// export` writes.
#pragma once

#include <string>

#include "network/network.h"

namespace frugal::network {

// weights: safetensors. The file's bytes, with the network's preprocessing as metadata. Throws UserError at
// the tensor that is missing, has another shape, or belongs to no layer.
std::string trained_onnx(const NetworkConfig& network, const std::string& weights);

}  // namespace frugal::network
