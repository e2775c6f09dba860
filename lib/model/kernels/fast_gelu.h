// GELU (Hendrycks, Gimpel 2016; the exact one, with erf) whose forward keeps its derivative: one exponential
// serves the value and the slope, and the backward is one product. torch's own computes erf twice and an
// exponential more.
#pragma once

#include <torch/types.h>

namespace frugal::model {

// x float32 and contiguous on the CPU: the fast one; else torch's.
torch::Tensor gelu(const torch::Tensor& x);

}  // namespace frugal::model
