// The float network that a network on integers stands for: what a baseline in float begins with.
//
// Weights are s_w·q and biases s_w·s_x·q. Values are not rounded, and what int8 clips only because its range
// ends is not clipped. A clamp that stands for an activation function is kept: at 0 below, and above where
// the network says a clamp of its own, or where the range of values from 0 ends at 6 as that of a ReLU6.
#pragma once

#include <string>

#include "ir/model.h"

namespace frugal::quant {

// Nodes keep their names; an activation behind one is called name.activation. Operators between int8 and
// float become identities. Throws UserError at "origin: node" for a clamp that is no ReLU and no ReLU6.
ir::Model to_float(const ir::Model& model, const std::string& origin);

}  // namespace frugal::quant
