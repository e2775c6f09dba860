// Depthwise convolution on the CPU in NHWC order, alone and with the batch norm and clip before it, as
// differentiable operations. oneDNN's backward of 5×5 and 7×7 depthwise kernels is 3 to 8 times slower than
// this at the sizes of small networks (measured), and it is most of what training such a network costs.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/kernels/batch_norm.h"

namespace frugal::model {

// x: float32 [B, C, H, W], best in NHWC order; weight: float32 [C, 1, k, k], k 3, 5 or 7; stride 1 or 2;
// padding k / 2. Returns NHWC. The same bytes for any number of threads.
torch::Tensor depthwise_conv(const torch::Tensor& x, const torch::Tensor& weight, std::int64_t stride);

// depthwise_conv(batch_norm_clip(x, …), weight, stride): the middle of an inverted bottleneck. The normalised
// image, the largest tensor of the block, is made an image at a time in the cache and never written.
torch::Tensor norm_depthwise(const torch::Tensor& x, const BatchNormTensors& tensors,
                             const NormConfig& config, const SumOverProcesses& sum,
                             const torch::Tensor& weight, std::int64_t stride);

}  // namespace frugal::model
