// What a gradient is worth in stored numbers: quantisation-aware scaling (Lin et al., NeurIPS 2022, equation
// 4), and how the numbers of a trained parameter lie under the kernels of an update.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "autodiff/backward.h"
#include "ops/integer.h"

namespace frugal::autodiff {

// What the step of a layer's weight is multiplied by for the sake of the network's input: 1 / range² where
// the layer reads that input and it spans more than 16 (pixels of 0 to 255 as they are), else 1. That is the
// step of the same network on the input divided by its range, which networks are trained on elsewhere:
// without it the first layer's gradients are 255 times as large, and no rate suits it and the other layers.
double input_step(const ir::Graph& integers, const ir::Node& node);

// 1 / s_w² of each output channel of a weight (with input_step), 1 / (s_w·s_x)² of a bias, 1 of what is in
// float. 0 for a channel whose scale says nothing, since all its weights are 0 or its bias is at the ends of
// int32: it is not trained.
std::vector<double> scaling_factors(const ir::Model& model, const Gradient& gradient);

// What ops_update_i8 and its like multiply a gradient by, one an output channel: the scaling, or (qas
// false) 1. 0: not trained. `unusable` is raised by the channels whose scale says nothing.
std::vector<float> float_factors(const ir::Model& model, const Gradient& gradient, bool qas,
                                 std::int64_t& unusable);

// Of a bias whose layer rounds with float32 scales s (ops_requantize::scale = s_w·s_x / s_y): its factors as
// numerator / s², in float. A device has these scales for the way forward, and needs no factors in flash.
// Scale 0: not trained. None where it is another parameter or rounding, or without qas.
struct FactorsOfScales {
  std::vector<float> scale;
  float numerator = 0;  // 1 / s_y²
};
std::optional<FactorsOfScales> factors_of_scales(const ir::Model& model, const Gradient& gradient, bool qas);

// A positive number as ops_number; 0 as well.
ops_number number_of(double value);
// A learning rate as a device without floats is given it (OPS_RATE_BITS behind the point), of one image of a
// batch.
ops_number integer_rate(double learning_rate, std::size_t images);
// The same without floats: what a mantissa is worth in stored units. Multiplier 0: not trained.
std::vector<ops_number> integer_steps(const ir::Model& model, const Gradient& gradient, bool qas,
                                      std::int64_t& unusable);

// Without channels, place and storage.
ops_update update_shape(const ir::Model& model, const Gradient& gradient);

}  // namespace frugal::autodiff
