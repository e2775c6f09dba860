// int8 networks in TensorFlow Lite's files (.tflite) as graphs of lib/ir. Rounding stays "tflite", that of
// TensorFlow Lite's reference kernels.
//
// Shapes and weights are turned from channels last to channels first; padding SAME and VALID become numbers,
// fused activations the range that an operator clamps to, a batch of −1 becomes 1. Nodes are named by kind
// and number: conv0, depthwise1, conv2 … (convolutions of both kinds share their numbers, as update schemes
// count them), dense0, add0, average_pool0. AVERAGE_POOL_2D becomes average_pool even where it covers the
// image: global_average_pool is MEAN, rounded as float32-half-even, which a note says.
#pragma once

#include <span>
#include <string>

#include "network/import/model_builder.h"

namespace frugal::network {

// name: of the graph; origin: the file, for messages. Throws UserError at "origin: operator 12 (ADD, 'name')"
// for what is not supported, at the file where it is no whole .tflite file.
Imported import_tflite(std::span<const unsigned char> bytes, const std::string& name,
                       const std::string& origin);

}  // namespace frugal::network
