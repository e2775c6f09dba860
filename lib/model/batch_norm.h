// Batch norm and the activation after it as one operation, in NHWC order: what is kept for backward is the
// convolution's output alone, and forward and backward each read it twice, where the separate operations need
// four passes and a second buffer. Statistics can be shared between processes, so that several of them train
// as one with the whole batch (synchronised batch norm).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>

namespace frugal::model {

// Sums numbers in place over all processes; empty for a single one.
using SumOverProcesses = std::function<void(double* values, std::int64_t count)>;

struct BatchNormTensors {
  torch::Tensor weight, bias;               // float32 [C]
  torch::Tensor running_mean, running_var;  // float32 [C]; updated, the variance as the unbiased one
};

// clip((x − mean) / sqrt(var + eps) · weight + bias, low, high) with the batch's own statistics.
// x: float32 [B, C, H, W], NHWC in memory; so is what is returned. low = −∞, high = ∞: no activation;
// 0, ∞: ReLU; 0, 6: ReLU6.
torch::Tensor batch_norm_clip(const torch::Tensor& x, const BatchNormTensors& tensors, double momentum,
                              double eps, float low, float high, const SumOverProcesses& sum);

}  // namespace frugal::model
