// ONNX networks as graphs of lib/ir: in float (what our own export and PyTorch's write), and int8 ones with
// QuantizeLinear and DequantizeLinear around their operators (QDQ), which become operators on integers with
// the rounding float32-half-even.
//
// A batch of any size becomes 1. uint8 activations become int8, 128 lower. Where QDQ surrounds an operator
// that has no integer form here, it computes in float between a dequantize and a quantize. A batch norm stays
// as it is. Nodes are named as their weights are ("features.0.0" of "features.0.0.weight"), others as
// in the file, PyTorch's paths in short ("b1.body.0" of "/b1/body/body.0/Relu").
#pragma once

#include <span>
#include <string>

#include "network/import/model_builder.h"

namespace frugal::network {

// name: of the graph; origin: the file, for messages; folder: where weights lie that the file keeps in others
// beside it ("": such are refused). Throws UserError at "origin: node 12 (Conv, 'name')".
Imported import_onnx(std::span<const unsigned char> bytes, const std::string& name, const std::string& origin,
                     const std::string& folder);

}  // namespace frugal::network
