// A trained network as an ONNX file (opset 17): evaluation mode, batch norm folded into the convolution
// before it, input "input" [batch, C, H, W], output "logits" [batch, classes].
#pragma once

#include <string>

#include "network/network.h"

namespace frugal::model {

// The file's bytes. Throws UserError where the weights do not fit the network.
std::string to_onnx(const network::NetworkConfig& network, const std::string& weights_file);

}  // namespace frugal::model
