// Networks that learn to give back what they take: how badly they do is how unusual a sample is.
#pragma once

#include <string>

#include "ir/model.h"

namespace frugal::quant {

// The network up to its output in int8, without the dequantize behind it: what autodiff::is_autoencoder holds
// for. Throws UserError at `origin` where the output has not as many numbers as the input, or is not in int8.
ir::Model as_autoencoder(const ir::Model& model, const std::string& origin);

}  // namespace frugal::quant
