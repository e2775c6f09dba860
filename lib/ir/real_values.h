// The real numbers that a layer's stored weights and biases stand for.
#pragma once

#include <vector>

#include "ir/model.h"

namespace frugal::ir {

// Of a parameter of `node`, row-major: s_w·(q − z) of int8 and int16 weights, s_w·s_x·q of an int32 bias, and
// floats as they are.
std::vector<float> real_values(const Model& model, const Node& node, TensorId parameter);

}  // namespace frugal::ir
