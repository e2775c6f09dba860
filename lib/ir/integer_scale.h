// The constants of an operator that computes in integers, from the quantisation of its tensors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace frugal::ir {

// What turns an integer sum of a layer into its output's units: s_x · s_w / s_y, one an output channel (one
// for all where the weight has one scale).
std::vector<double> output_scales(const Tensor& x, const Tensor& weight, const Tensor& y);

// A positive number as multiplier · 2^(shift − 31) with multiplier in [2^30, 2^31), as TensorFlow Lite writes
// it; what is below 2^-31 is 0.
struct FixedPoint {
  std::int32_t multiplier = 0, shift = 0;
};
FixedPoint fixed_point(double value);
// The same of any positive number, however small or large.
FixedPoint wide_fixed_point(double value);

// Scale and zero point of a tensor that has one pair of them.
double scale_of(const Tensor& tensor);
std::int64_t zero_point_of(const Tensor& tensor);

// The most that |Σ (x − z)·w| of any output channel can be, for weights of `channels` rows.
std::int64_t largest_sum(std::span<const std::int8_t> weight, std::int64_t channels, std::int64_t zero_point);

}  // namespace frugal::ir
