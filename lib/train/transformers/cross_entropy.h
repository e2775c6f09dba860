// Cross entropy over a vocabulary, in one pass each way: the forward turns the logits into their own gradient
// (softmax minus one-hot) where they stand, so that nothing of their size is kept or read a second time.
#pragma once

#include <torch/types.h>

namespace frugal::train {

// scale · Σ over rows of −log softmax(logits)[target]. logits [N, V] float32 or float64, whose memory is
// overwritten where a gradient is wanted (it must not be needed by anyone else); targets [N] int64 in [0, V).
torch::Tensor scaled_cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets, double scale);

}  // namespace frugal::train
