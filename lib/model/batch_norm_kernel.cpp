#include "model/batch_norm_kernel.h"

#include <algorithm>

#include "model/vector.h"

namespace frugal::model {

FRUGAL_VECTOR_CLONES
void add_moments(const float* x, std::int64_t rows, std::int64_t channels, float* sum, float* square) {
  const float* about = x;
  for (std::int64_t r = 1; r < rows; ++r) {
    const float* row = x + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = row[c] - about[c];
      sum[c] += d;
      square[c] += d * d;
    }
  }
}

FRUGAL_VECTOR_CLONES
void normalise_rows(const float* x, float* y, std::int64_t rows, std::int64_t channels,
                    const Normalisation& norm) {
  const float *mean = norm.mean, *scale = norm.scale, *bias = norm.bias;
  const float low = norm.low, high = norm.high;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* from = x + r * channels;
    float* to = y + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float z = (from[c] - mean[c]) * scale[c] + bias[c];
      to[c] = std::min(std::max(z, low), high);
    }
  }
}

FRUGAL_VECTOR_CLONES
void add_gradient_sums(const float* x, const float* dy, std::int64_t rows, std::int64_t channels,
                       const Normalisation& norm, float* sum, float* product) {
  const float *mean = norm.mean, *scale = norm.scale, *bias = norm.bias;
  const float low = norm.low, high = norm.high;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* xr = x + r * channels;
    const float* gr = dy + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float centred = xr[c] - mean[c];
      const float z = centred * scale[c] + bias[c];
      const float dz = (z > low) & (z < high) ? gr[c] : 0.0F;
      sum[c] += dz;
      product[c] += dz * centred;
    }
  }
}

FRUGAL_VECTOR_CLONES
void input_gradient_rows(const float* x, const float* dy, float* dx, std::int64_t rows, std::int64_t channels,
                         const Normalisation& norm, const float* a, const float* b) {
  const float *mean = norm.mean, *scale = norm.scale, *bias = norm.bias;
  const float low = norm.low, high = norm.high;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* xr = x + r * channels;
    const float* gr = dy + r * channels;
    float* to = dx + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float centred = xr[c] - mean[c];
      const float z = centred * scale[c] + bias[c];
      const float dz = (z > low) & (z < high) ? gr[c] : 0.0F;
      to[c] = scale[c] * dz - a[c] - b[c] * centred;
    }
  }
}

}  // namespace frugal::model
