// Judges a model's frozen features without training anything more: each held-out example takes the class of
// its nearest training examples (k nearest neighbours).
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace frugal::train {

struct LabelledFeatures {
  torch::Tensor features;  // [N, hidden]
  torch::Tensor labels;    // [N] int64
};

// Share of `queries` whose class is not the one that most of their `neighbours` nearest examples have, by the
// cosine of their features less the mean of `examples`; a tie goes to the lowest class.
double knn_error(const LabelledFeatures& examples, const LabelledFeatures& queries, std::int64_t neighbours);

}  // namespace frugal::train
