// Whether every number of a tensor is finite, at the speed of memory.
#pragma once

#include <span>

#include "checkpoint/safetensors.h"

namespace frugal::tensor {

// `bytes` of floating-point numbers, as `type` lays them out.
bool all_finite(std::span<const unsigned char> bytes, checkpoint::DType type);

}  // namespace frugal::tensor
