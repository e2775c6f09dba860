// Networks that are trained without floating point: every node rounds in whole numbers, the head has int16
// weights.
#pragma once

#include <string>

#include "ir/model.h"

namespace frugal::quant {

// The network with the rounding "integer" in every node. What has no such kernel is refused at "origin:
// node": what computes in float, softmax (but one at the end, behind the head, which is left out).
ir::Model with_integer_rounding(const ir::Model& model, const std::string& origin);

// A network whose head is in float (quant/head.h) with that head on integers: int16 weights of one scale, the
// power of two that leaves them 16 times the room of the largest; int32 biases, logits in int32. Throws
// UserError where a node rounds otherwise than in whole numbers.
ir::Model with_integer_head(const ir::Model& model, const std::string& origin);

}  // namespace frugal::quant
