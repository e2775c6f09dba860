// Batch norm and the activation after it as one operation, in NHWC order: what is kept for backward is the
// convolution's output alone, and forward and backward each read it twice, where the separate operations need
// four passes and a second buffer. Statistics can be shared between processes, so that several of them train
// as one with the whole batch (synchronised batch norm).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <limits>

namespace frugal::model {

// Sums numbers in place over all processes; empty for a single one.
using SumOverProcesses = std::function<void(double* values, std::int64_t count)>;

struct BatchNormTensors {
  torch::Tensor weight, bias;               // float32 [C]
  torch::Tensor running_mean, running_var;  // float32 [C]; updated, the variance as the unbiased one
};

struct NormConfig {
  double momentum = 0.1, eps = 1e-3;
  // No activation: −∞, ∞. ReLU: 0, ∞. ReLU6: 0, 6.
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
};

// clip((x − mean) / sqrt(var + eps) · weight + bias, low, high) with the batch's own statistics.
// x: float32 [B, C, H, W] on the CPU; what is returned is NHWC in memory, and so should x be.
torch::Tensor batch_norm_clip(const torch::Tensor& x, const BatchNormTensors& tensors,
                              const NormConfig& config, const SumOverProcesses& sum);

}  // namespace frugal::model
