// A trained float network as inference needs it: batch norm goes into the layer before it, and what does
// nothing goes away. It computes the same function, up to the rounding of floats.
#pragma once

#include <string>

#include "ir/model.h"

namespace frugal::quant {

// Convolutions and fully connected layers of the result all have a bias. A batch norm that no such layer
// stands right before (another node reads that layer too, or it follows something else) becomes a depthwise
// convolution of kernel 1. With σ² = running_var + eps:  w ← w · γ/σ,  b ← (b − mean) · γ/σ + β.
//
// Throws UserError at "origin: tensor" for numbers that are not finite, for a variance that is not positive,
// and for a network that is no float function of one image.
ir::Model fold(const ir::Model& model, const std::string& origin);

}  // namespace frugal::quant
