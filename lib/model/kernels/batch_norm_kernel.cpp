#include "model/kernels/batch_norm_kernel.h"

#include <algorithm>

#include "model/kernels/vector.h"

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

namespace {

FRUGAL_INLINE const Float8& load(const float* at) { return *reinterpret_cast<const Float8*>(at); }
FRUGAL_INLINE Float8& at(float* place) { return *reinterpret_cast<Float8*>(place); }

// Several rows at once, so that a channel's numbers and sums are loaded once for all of them. By hand: the
// compiler does not vectorise the two conditions of the clip, which made this half of a training step.
template <int rows>
FRUGAL_INLINE void gradient_sums(const float* x, const float* dy, std::int64_t channels,
                                 const Normalisation& norm, float* sum, float* product) {
  const Float8 zero{}, low = zero + norm.low, high = zero + norm.high;
  std::int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) {
    const Float8 mean = load(norm.mean + c), scale = load(norm.scale + c), bias = load(norm.bias + c);
    Float8 s = zero, p = zero;
    for (int r = 0; r < rows; ++r) {
      const Float8 centred = load(x + r * channels + c) - mean;
      const Float8 z = centred * scale + bias;
      Float8 dz = z > low ? load(dy + r * channels + c) : zero;
      dz = z < high ? dz : zero;
      s += dz;
      p += dz * centred;
    }
    at(sum + c) += s;
    at(product + c) += p;
  }
  for (; c < channels; ++c) {
    for (int r = 0; r < rows; ++r) {
      const float centred = x[r * channels + c] - norm.mean[c];
      const float z = centred * norm.scale[c] + norm.bias[c];
      const float dz = z > norm.low && z < norm.high ? dy[r * channels + c] : 0.0F;
      sum[c] += dz;
      product[c] += dz * centred;
    }
  }
}

}  // namespace

FRUGAL_VECTOR_CLONES
void add_gradient_sums(const float* x, const float* dy, std::int64_t rows, std::int64_t channels,
                       const Normalisation& norm, float* sum, float* product) {
  std::int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    gradient_sums<4>(x + r * channels, dy + r * channels, channels, norm, sum, product);
  }
  for (; r < rows; ++r) {
    gradient_sums<1>(x + r * channels, dy + r * channels, channels, norm, sum, product);
  }
}

FRUGAL_VECTOR_CLONES
void input_gradient_rows(const float* x, const float* dy, float* dx, std::int64_t rows, std::int64_t channels,
                         const Normalisation& norm, const float* a, const float* b) {
  const Float8 zero{}, low = zero + norm.low, high = zero + norm.high;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* xr = x + r * channels;
    const float* gr = dy + r * channels;
    float* to = dx + r * channels;
    std::int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) {
      const Float8 centred = load(xr + c) - load(norm.mean + c);
      const Float8 z = centred * load(norm.scale + c) + load(norm.bias + c);
      Float8 dz = z > low ? load(gr + c) : zero;
      dz = z < high ? dz : zero;
      at(to + c) = load(norm.scale + c) * dz - load(a + c) - load(b + c) * centred;
    }
    for (; c < channels; ++c) {
      const float centred = xr[c] - norm.mean[c];
      const float z = centred * norm.scale[c] + norm.bias[c];
      const float dz = z > norm.low && z < norm.high ? gr[c] : 0.0F;
      to[c] = norm.scale[c] * dz - a[c] - b[c] * centred;
    }
  }
}

}  // namespace frugal::model
