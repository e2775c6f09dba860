// A network whose file takes real numbers and quantises them first, as one that takes what is stored.
#pragma once

#include "ir/model.h"

namespace frugal::network {

// Where the one input is float and goes into a `quantize` node alone, as in ONNX files with quantise and
// dequantise nodes: that node's output is the input, int8 with its scale, as in a .tflite file. Else `model`
// as it is.
ir::Model with_stored_input(ir::Model model);

}  // namespace frugal::network
