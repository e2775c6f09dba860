// A network on integers as ONNX: each operator in float between DequantizeLinear and QuantizeLinear, weights
// int8 and biases int32 as they are stored. Takes the real numbers that its int8 input stands for, a batch of
// any size, and gives the logits.
//
// What rounds as float32-half-even is what these nodes compute; of the other roundings a value may be one
// step off. Read back (network/import) it is the same network, with that rounding.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ir/ids.h"

namespace frugal::network {

// The file's bytes. metadata: texts that go with the model (network/preprocessing.h). Throws UserError at
// "origin: node" for what has no form in ONNX here.
std::string to_quantized_onnx(const ir::Model& model, const std::string& origin,
                              const std::map<std::string, std::string>& metadata = {});

// The same as a file beside a model folder, which is whole without it. Returns the file's bytes; 0, with a
// note, where the network has no such form.
std::size_t write_quantized_onnx(const std::string& path, const ir::Model& model, const std::string& origin,
                                 std::vector<std::string>& notes,
                                 const std::map<std::string, std::string>& metadata = {});

}  // namespace frugal::network
