// Between a network's numbers and tensors of torch.
#pragma once

#include <torch/types.h>

#include <vector>

#include "ir/ids.h"

namespace frugal::in_float {

// Copies of parameters, states and constants, by tensor of the graph; undefined for what is given or
// computed.
std::vector<torch::Tensor> tensors_of(const ir::Model& model);

// A tensor's numbers in row-major order.
std::vector<float> numbers_of(const torch::Tensor& tensor);

}  // namespace frugal::in_float
