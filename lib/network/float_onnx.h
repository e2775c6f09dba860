// A trained float network as an ONNX file (opset 17): evaluation mode, batch norm folded into the convolution
// before it, input "input" [batch, C, H, W], output "logits" [batch, classes]. What images become before they
// are the input stands in the model's metadata, where the network says it (network/preprocessing.h).
#pragma once

#include <map>
#include <string>

#include "ir/ids.h"

namespace frugal::network {

// The file's bytes. metadata: texts that go with the model. Throws UserError at the node that has no form in
// ONNX here.
std::string to_float_onnx(const ir::Model& model, const std::map<std::string, std::string>& metadata = {});

// A graph with made-up weights, for measuring: time does not depend on them.
std::string made_up_onnx(const ir::Graph& graph);

}  // namespace frugal::network
