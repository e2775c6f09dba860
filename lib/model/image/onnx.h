// A trained network as an ONNX file (opset 17): evaluation mode, batch norm folded into the convolution
// before it, input "input" [batch, C, H, W], output "logits" [batch, classes]. What images become before they
// are the input stands in the model's metadata, where the network says it (network/preprocessing.h).
#pragma once

#include <string>

#include "ir/ids.h"
#include "network/network.h"

namespace frugal::model {

// The file's bytes. Throws UserError where the weights do not fit the network.
std::string to_onnx(const network::NetworkConfig& network, const std::string& weights_file);

// A graph with made-up weights, for measuring: time does not depend on them.
std::string made_up_onnx(const ir::Graph& graph);

}  // namespace frugal::model
