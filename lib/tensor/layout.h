// Puts images and convolution weights into NHWC order in memory, in which convolutions on the CPU are
// fastest.
#pragma once

#include <torch/types.h>

namespace frugal::tensor {

// The tensor in NHWC order with the strides that say so. Where C or H·W is 1 the order is ambiguous, torch's
// own contiguous(ChannelsLast) keeps NCHW strides, and every convolution after it falls back to NCHW; these
// strides keep it in NHWC. A copy only where the memory is in another order.
torch::Tensor channels_last(const torch::Tensor& x);

bool is_channels_last(const torch::Tensor& x);  // in memory, whatever the strides of size-1 dimensions say

}  // namespace frugal::tensor
