// The two halves of training a batch norm that need all pixels: the statistics of a batch, and the gradient
// through them. Operations that normalise (batch_norm.h, depthwise.h) share them.
#pragma once

#include <torch/types.h>

#include "model/kernels/batch_norm.h"
#include "model/kernels/batch_norm_kernel.h"

namespace frugal::model {

struct BatchStatistics {
  torch::Tensor table;  // float32 [4, C]: mean, 1/std, scale = weight / std, bias
  double count = 0;     // pixels, of all processes

  // Points into the table.
  Normalisation normalisation(float low, float high) const;
};

// Of x (NHWC) over all processes; updates the running ones.
BatchStatistics batch_statistics(const torch::Tensor& x, const BatchNormTensors& tensors,
                                 const NormConfig& config, const SumOverProcesses& sum);

// y = clip of the normalised x; both NHWC.
void normalise(const torch::Tensor& x, const Normalisation& norm, torch::Tensor& y);

struct NormGradients {
  torch::Tensor d_weight, d_bias;  // this process's share: they are summed with all other gradients
};

// dy -> dx through the clip and the normalisation; dx may be dy itself. All three in NHWC order.
NormGradients normalisation_gradients(const torch::Tensor& x, const torch::Tensor& dy,
                                      const BatchStatistics& statistics, float low, float high,
                                      const SumOverProcesses& sum, torch::Tensor& dx);

}  // namespace frugal::model
