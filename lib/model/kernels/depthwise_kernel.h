// Depthwise convolution of one NHWC image, forward and both gradients, without torch. An image is first
// copied into a buffer with a border of zeros and channels padded to whole vectors, so that the inner loops
// test nothing; the copy can apply batch norm and its clip on the way, which saves writing the normalised
// image.
//
// Buffers: [rows][columns + 2·border][lanes], border = kernel / 2. Weights: [kernel·kernel][lanes].
#pragma once

#include <cstdint>

#include "model/kernels/batch_norm_kernel.h"

namespace frugal::model {

// "Same" padding, kernel 3, 5 or 7, stride 1 or 2.
struct DepthwiseShape {
  std::int64_t channels = 0, height = 0, width = 0;  // of the input
  std::int64_t kernel = 3, stride = 1;

  std::int64_t border() const { return kernel / 2; }
  std::int64_t padded_channels() const;
  std::int64_t out_height() const { return (height - 1) / stride + 1; }
  std::int64_t out_width() const { return (width - 1) / stride + 1; }
  std::int64_t in_size() const { return height * width * channels; }
  std::int64_t out_size() const { return out_height() * out_width() * channels; }
  std::int64_t in_buffer() const;   // floats
  std::int64_t out_buffer() const;  // floats
};

bool depthwise_supports(std::int64_t kernel, std::int64_t stride);

// [height][width][channels] into a buffer, normalised and clipped where `norm` is given. The border and the
// padding are set to zero.
void fill_buffer(const float* image, std::int64_t height, std::int64_t width, std::int64_t channels,
                 std::int64_t border, const Normalisation* norm, float* buffer);

// weight [channels][kernel·kernel] -> [kernel·kernel][lanes], and back (added up, the padding dropped).
void pack_depthwise(const float* weight, const DepthwiseShape& shape, float* packed);
void unpack_depthwise(const float* packed, const DepthwiseShape& shape, float* weight);

// in: buffer of the input -> out [out_height][out_width][channels]
void depthwise_forward(const float* in, const float* weights, const DepthwiseShape& shape, float* out);
// d_out: buffer of the output's gradient -> d_in [height][width][channels]
void depthwise_backward_input(const float* d_out, const float* weights, const DepthwiseShape& shape,
                              float* d_in);
// in, d_out: buffers; adds to d_weights [kernel·kernel][lanes].
void depthwise_backward_weight(const float* in, const float* d_out, const DepthwiseShape& shape,
                               float* d_weights);

}  // namespace frugal::model
