#include "model/kernels/depthwise_kernel.h"

#include <algorithm>
#include <array>

#include "model/kernels/vector.h"

namespace frugal::model {
namespace {

constexpr std::int64_t largest_kernel = 7;

// One product of a sum: where the factor lies from the output's first one, and with which weight.
struct Tap {
  std::int64_t offset, weight;  // both in floats
};

struct Taps {
  std::array<Tap, largest_kernel * largest_kernel> list{};
  std::int64_t count = 0;

  void add(std::int64_t offset, std::int64_t weight) {
    list[static_cast<std::size_t>(count++)] = {offset, weight};
  }
};

// By reference: a vector passed by value would change the calling convention with the instruction set.
FRUGAL_INLINE const Float8& load(const float* at) { return *reinterpret_cast<const Float8*>(at); }

FRUGAL_INLINE void store(float* at, const Float8& value, std::int64_t channels) {
  if (channels >= lanes) {
    *reinterpret_cast<Float8*>(at) = value;
  } else {
    std::memcpy(at, &value, static_cast<std::size_t>(channels) * sizeof(float));
  }
}

// `columns` neighbouring outputs of `vectors` times eight channels: as many sums in registers, so that a
// weight is loaded once for all columns and the latency of the additions is hidden.
template <int columns, int vectors>
FRUGAL_INLINE void tile(const float* in, std::int64_t in_step, const Taps& taps, const float* weights,
                        float* out, std::int64_t out_step, std::int64_t channels) {
  Float8 sum[columns][vectors] = {};
  for (std::int64_t i = 0; i < taps.count; ++i) {
    const Tap tap = taps.list[static_cast<std::size_t>(i)];
    for (int v = 0; v < vectors; ++v) {
      const Float8 weight = load(weights + tap.weight + v * lanes);
      for (int t = 0; t < columns; ++t) sum[t][v] += weight * load(in + t * in_step + tap.offset + v * lanes);
    }
  }
  for (int t = 0; t < columns; ++t) {
    for (int v = 0; v < vectors; ++v) store(out + t * out_step + v * lanes, sum[t][v], channels - v * lanes);
  }
}

// out[t] = Σ over taps of weight · in[t · in_step + offset], for t < count and every channel.
FRUGAL_INLINE void row(const float* in, std::int64_t in_step, const Taps& taps, const float* weights,
                       float* out, std::int64_t out_step, std::int64_t count, std::int64_t channels) {
  std::int64_t c = 0;
  for (; c + lanes < channels; c += 2 * lanes) {
    std::int64_t t = 0;
    const float* w = weights + c;
    for (; t + 4 <= count; t += 4) {
      tile<4, 2>(in + t * in_step + c, in_step, taps, w, out + t * out_step + c, out_step, channels - c);
    }
    const float* from = in + t * in_step + c;
    float* to = out + t * out_step + c;
    switch (count - t) {
      case 3:
        tile<3, 2>(from, in_step, taps, w, to, out_step, channels - c);
        break;
      case 2:
        tile<2, 2>(from, in_step, taps, w, to, out_step, channels - c);
        break;
      case 1:
        tile<1, 2>(from, in_step, taps, w, to, out_step, channels - c);
        break;
      default:
        break;
    }
  }
  if (c >= channels) return;
  std::int64_t t = 0;
  for (; t + 4 <= count; t += 4) {
    tile<4, 1>(in + t * in_step + c, in_step, taps, weights + c, out + t * out_step + c, out_step,
               channels - c);
  }
  for (; t < count; ++t) {
    tile<1, 1>(in + t * in_step + c, in_step, taps, weights + c, out + t * out_step + c, out_step,
               channels - c);
  }
}

// A row of the kernel's gradient for `vectors` times eight channels: the sums stay in registers over the
// whole image.
template <int kernel, int vectors>
FRUGAL_INLINE void weight_row(const float* in, const float* d_out, const DepthwiseShape& shape,
                              std::int64_t kernel_row, float* d_weights) {
  const std::int64_t padded = shape.padded_channels(), border = shape.border();
  const std::int64_t in_width = shape.width + 2 * border, out_width = shape.out_width();
  const std::int64_t step = shape.stride * padded;
  Float8 sum[kernel][vectors] = {};
  for (std::int64_t y = 0; y < shape.out_height(); ++y) {
    const std::int64_t in_y = y * shape.stride + kernel_row - border;
    if (in_y < 0 || in_y >= shape.height) continue;
    const float* from = in + in_y * in_width * padded;
    const float* gradient = d_out + (y * (out_width + 2 * border) + border) * padded;
    for (std::int64_t x = 0; x < out_width; ++x, from += step, gradient += padded) {
      for (int v = 0; v < vectors; ++v) {
        const Float8 g = load(gradient + v * lanes);
        for (int k = 0; k < kernel; ++k) sum[k][v] += g * load(from + k * padded + v * lanes);
      }
    }
  }
  for (int k = 0; k < kernel; ++k) {
    for (int v = 0; v < vectors; ++v) {
      float* at = d_weights + (kernel_row * kernel + k) * padded + v * lanes;
      *reinterpret_cast<Float8*>(at) += sum[k][v];
    }
  }
}

template <int kernel>
FRUGAL_INLINE void weight_gradient(const float* in, const float* d_out, const DepthwiseShape& shape,
                                   float* d_weights) {
  // Two vectors where a kernel's row alone has too few sums to hide the latency of an addition.
  constexpr int vectors = kernel < 7 ? 2 : 1;
  const std::int64_t padded = shape.padded_channels();
  std::int64_t c = 0;
  for (; c + vectors * lanes <= padded; c += vectors * lanes) {
    for (std::int64_t k = 0; k < kernel; ++k) {
      weight_row<kernel, vectors>(in + c, d_out + c, shape, k, d_weights + c);
    }
  }
  for (; c < padded; c += lanes) {
    for (std::int64_t k = 0; k < kernel; ++k) {
      weight_row<kernel, 1>(in + c, d_out + c, shape, k, d_weights + c);
    }
  }
}

}  // namespace

std::int64_t DepthwiseShape::padded_channels() const { return padded_to_lanes(channels); }
std::int64_t DepthwiseShape::in_buffer() const { return height * (width + 2 * border()) * padded_channels(); }
std::int64_t DepthwiseShape::out_buffer() const {
  return out_height() * (out_width() + 2 * border()) * padded_channels();
}

bool depthwise_supports(std::int64_t kernel, std::int64_t stride) {
  return (kernel == 3 || kernel == 5 || kernel == 7) && (stride == 1 || stride == 2);
}

namespace {

FRUGAL_INLINE void normalise_row(const float* from, float* to, std::int64_t channels,
                                 const Normalisation& norm) {
  const float *mean = norm.mean, *scale = norm.scale, *bias = norm.bias;
  const float low = norm.low, high = norm.high;
  for (std::int64_t c = 0; c < channels; ++c) {
    to[c] = std::min(std::max((from[c] - mean[c]) * scale[c] + bias[c], low), high);
  }
}

}  // namespace

FRUGAL_VECTOR_CLONES
void fill_buffer(const float* image, std::int64_t height, std::int64_t width, std::int64_t channels,
                 std::int64_t border, const Normalisation* norm, float* buffer) {
  const std::int64_t padded = padded_to_lanes(channels);
  const std::int64_t edge = border * padded;
  float* to = buffer;
  for (std::int64_t y = 0; y < height; ++y) {
    std::fill(to, to + edge, 0.0F);
    to += edge;
    if (norm == nullptr && padded == channels) {
      std::memcpy(to, image, static_cast<std::size_t>(width * channels) * sizeof(float));
      to += width * channels;
      image += width * channels;
    } else {
      for (std::int64_t x = 0; x < width; ++x, image += channels, to += padded) {
        if (norm == nullptr) {
          std::memcpy(to, image, static_cast<std::size_t>(channels) * sizeof(float));
        } else {
          normalise_row(image, to, channels, *norm);
        }
        for (std::int64_t c = channels; c < padded; ++c) to[c] = 0;
      }
    }
    std::fill(to, to + edge, 0.0F);
    to += edge;
  }
}

void pack_depthwise(const float* weight, const DepthwiseShape& shape, float* packed) {
  const std::int64_t area = shape.kernel * shape.kernel, padded = shape.padded_channels();
  std::fill(packed, packed + area * padded, 0.0F);
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    for (std::int64_t k = 0; k < area; ++k) packed[k * padded + c] = weight[c * area + k];
  }
}

void unpack_depthwise(const float* packed, const DepthwiseShape& shape, float* weight) {
  const std::int64_t area = shape.kernel * shape.kernel, padded = shape.padded_channels();
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    for (std::int64_t k = 0; k < area; ++k) weight[c * area + k] = packed[k * padded + c];
  }
}

FRUGAL_VECTOR_CLONES
void depthwise_forward(const float* in, const float* weights, const DepthwiseShape& shape, float* out) {
  const std::int64_t padded = shape.padded_channels(), border = shape.border(), kernel = shape.kernel;
  const std::int64_t in_width = shape.width + 2 * border, out_width = shape.out_width();
  for (std::int64_t y = 0; y < shape.out_height(); ++y) {
    Taps taps;
    for (std::int64_t i = 0; i < kernel; ++i) {
      const std::int64_t in_y = y * shape.stride + i - border;
      if (in_y < 0 || in_y >= shape.height) continue;
      for (std::int64_t j = 0; j < kernel; ++j) {
        taps.add((in_y * in_width + j) * padded, (i * kernel + j) * padded);
      }
    }
    row(in, shape.stride * padded, taps, weights, out + y * out_width * shape.channels, shape.channels,
        out_width, shape.channels);
  }
}

// in[y] meets out[(y + border − i) / stride] by weight i where that is whole. With stride 2 even and odd
// columns meet different weights, and neighbours of one kind have neighbouring outputs.
FRUGAL_VECTOR_CLONES
void depthwise_backward_input(const float* d_out, const float* weights, const DepthwiseShape& shape,
                              float* d_in) {
  const std::int64_t padded = shape.padded_channels(), border = shape.border(), kernel = shape.kernel;
  const std::int64_t stride = shape.stride, out_row = shape.out_width() + 2 * border;
  for (std::int64_t y = 0; y < shape.height; ++y) {
    for (std::int64_t phase = 0; phase < std::min(stride, shape.width); ++phase) {
      Taps taps;
      for (std::int64_t i = 0; i < kernel; ++i) {
        const std::int64_t up = y + border - i;
        if (up < 0 || up % stride != 0 || up / stride >= shape.out_height()) continue;
        for (std::int64_t j = 0; j < kernel; ++j) {
          const std::int64_t left = phase + border - j;
          if (left % stride != 0) continue;
          taps.add((up / stride * out_row + border + left / stride) * padded, (i * kernel + j) * padded);
        }
      }
      const std::int64_t count = (shape.width - phase + stride - 1) / stride;
      row(d_out, padded, taps, weights, d_in + (y * shape.width + phase) * shape.channels,
          stride * shape.channels, count, shape.channels);
    }
  }
}

FRUGAL_VECTOR_CLONES
void depthwise_backward_weight(const float* in, const float* d_out, const DepthwiseShape& shape,
                               float* d_weights) {
  if (shape.kernel == 3) {
    weight_gradient<3>(in, d_out, shape, d_weights);
  } else if (shape.kernel == 5) {
    weight_gradient<5>(in, d_out, shape, d_weights);
  } else {
    weight_gradient<7>(in, d_out, shape, d_weights);
  }
}

}  // namespace frugal::model
