/* Gradients of a depthwise convolution, of biases and of pools in whole numbers. */
#include "ops/common.h"
#include "ops/integer.h"

enum { block = 32 };

/* The products of `count` input channels from `first` on at one kernel place. */
static inline void add_products(int32_t* restrict part, const int16_t* restrict g,
                                const int8_t* restrict weight, int32_t count, int32_t multiplier) {
  for (int32_t i = 0; i < count; ++i) {
    for (int32_t m = 0; m < multiplier; ++m) part[i] += g[i * multiplier + m] * weight[i * multiplier + m];
  }
}

/* A part: the multiples of one kernel place. */
static inline void sum_pixel(const int16_t* gradient, const int8_t* weight, int32_t* y, int32_t iy,
                             int32_t ix, int32_t first, int32_t count, const ops_window* w, int32_t down) {
  const int32_t multiplier = w->out_channels / w->in_channels;
  int32_t total[block] = {0};
  for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
    const int32_t oy = ops_reader(iy, ky, w->stride_height, w->pad_top, w->dilation_height, w->out_height);
    if (oy < 0) continue;
    for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
      const int32_t ox = ops_reader(ix, kx, w->stride_width, w->pad_left, w->dilation_width, w->out_width);
      if (ox < 0) continue;
      const size_t pixel = (size_t)oy * (size_t)w->out_width + (size_t)ox;
      const size_t at = (size_t)first * (size_t)multiplier;
      const int16_t* g = gradient + pixel * (size_t)w->out_channels + at;
      const int8_t* row = weight + (size_t)(ky * w->kernel_width + kx) * (size_t)w->out_channels + at;
      int32_t part[block] = {0};
      add_products(part, g, row, count, multiplier);
      for (int32_t i = 0; i < count; ++i) total[i] += ops_shift_rounded(part[i], down);
    }
  }
  for (int32_t i = 0; i < count; ++i) y[i] = total[i];
}

OPS_KERNEL void ops_depthwise_input_gradient_i16(const int16_t* gradient, const int8_t* weight, int32_t* y,
                                                 const ops_window* w, int32_t down) {
  for (int32_t iy = 0; iy < w->in_height; ++iy) {
    for (int32_t ix = 0; ix < w->in_width; ++ix, y += w->in_channels) {
      for (int32_t first = 0; first < w->in_channels; first += block)
        sum_pixel(gradient, weight, y + first, iy, ix, first, ops_min(block, w->in_channels - first), w,
                  down);
    }
  }
}

/* `count` output channels of one kernel place over the pixels, OPS_EXACT_PART a part. */
static inline void sum_place(const int8_t* x, int32_t zero, const int16_t* gradient, int32_t* y,
                             const int32_t* channels, int32_t first, int32_t count, int32_t ky, int32_t kx,
                             const ops_window* w, int32_t down) {
  const int32_t multiplier = w->out_channels / w->in_channels;
  int32_t total[block] = {0}, part[block] = {0};
  int32_t pixels = 0;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
    if (iy < 0) continue;
    for (int32_t ox = 0; ox < w->out_width; ++ox) {
      const int32_t ix = ops_place(ox, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width);
      if (ix < 0) continue;
      const int8_t* from = x + ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)w->in_channels;
      const int16_t* g =
          gradient + ((size_t)oy * (size_t)w->out_width + (size_t)ox) * (size_t)w->out_channels;
      if (channels) {
        for (int32_t i = 0; i < count; ++i) {
          const int32_t c = channels[first + i];
          part[i] += (from[c / multiplier] - zero) * g[c];
        }
      } else if (multiplier == 1) {
        for (int32_t i = 0; i < count; ++i) part[i] += (from[first + i] - zero) * g[first + i];
      } else {
        for (int32_t i = 0; i < count; ++i) part[i] += (from[(first + i) / multiplier] - zero) * g[first + i];
      }
      if (++pixels % OPS_EXACT_PART != 0) continue;
      for (int32_t i = 0; i < count; ++i) {
        total[i] += ops_shift_rounded(part[i], down);
        part[i] = 0;
      }
    }
  }
  for (int32_t i = 0; i < count; ++i) y[i] = total[i] + ops_shift_rounded(part[i], down);
}

OPS_KERNEL void ops_depthwise_weight_gradient_i16(const int8_t* x, int32_t x_zero, const int16_t* gradient,
                                                  int32_t* y, const int32_t* channels, int32_t trained,
                                                  const ops_window* w, int32_t down) {
  for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
    for (int32_t kx = 0; kx < w->kernel_width; ++kx, y += trained) {
      for (int32_t first = 0; first < trained; first += block) {
        sum_place(x, x_zero, gradient, y + first, channels, first, ops_min(block, trained - first), ky, kx, w,
                  down);
      }
    }
  }
}

/* A part: OPS_EXACT_PART pixels. */
OPS_KERNEL void ops_channel_sum_i16(const int16_t* gradient, int32_t* sum, int32_t pixels, int32_t channels,
                                    int32_t down) {
  for (int32_t c = 0; c < channels; ++c) {
    sum[c] = 0;
    for (int32_t first = 0; first < pixels; first += OPS_EXACT_PART) {
      int32_t part = 0;
      for (int32_t p = first; p < ops_min(pixels, first + OPS_EXACT_PART); ++p)
        part += gradient[(size_t)p * (size_t)channels + (size_t)c];
      sum[c] += ops_shift_rounded(part, down);
    }
  }
}

static int32_t pixels_in(int32_t o, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
  return ops_min(o * stride - pad + kernel, size) - ops_max(o * stride - pad, 0);
}

OPS_KERNEL void ops_average_pool_input_gradient_i16(const int16_t* gradient, int32_t* y, const ops_window* w,
                                                    int32_t unit) {
  const int32_t channels = w->in_channels;
  const size_t elements = (size_t)w->in_height * (size_t)w->in_width * (size_t)channels;
  for (size_t i = 0; i < elements; ++i) y[i] = 0;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    const int32_t rows = pixels_in(oy, w->stride_height, w->pad_top, w->kernel_height, w->in_height);
    for (int32_t ox = 0; ox < w->out_width; ++ox, gradient += channels) {
      const int32_t pixels = rows * pixels_in(ox, w->stride_width, w->pad_left, w->kernel_width, w->in_width);
      const int32_t factor = (unit + pixels / 2) / pixels;
      for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
        const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, 1, w->in_height);
        if (iy < 0) continue;
        for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
          const int32_t ix = ops_place(ox, kx, w->stride_width, w->pad_left, 1, w->in_width);
          if (ix < 0) continue;
          int32_t* to = y + ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)channels;
          for (int32_t c = 0; c < channels; ++c) to[c] += gradient[c] * factor;
        }
      }
    }
  }
}

OPS_KERNEL void ops_global_average_pool_input_gradient_i16(const int16_t* gradient, int16_t* y,
                                                           int32_t pixels, int32_t channels) {
  for (int32_t p = 0; p < pixels; ++p, y += channels) {
    for (int32_t c = 0; c < channels; ++c) y[c] = gradient[c];
  }
}

void ops_max_pool_input_gradient_i16(const int8_t* x, const int16_t* gradient, int32_t* y,
                                     const ops_window* w) {
  const int32_t channels = w->in_channels;
  const size_t elements = (size_t)w->in_height * (size_t)w->in_width * (size_t)channels;
  for (size_t i = 0; i < elements; ++i) y[i] = 0;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    for (int32_t ox = 0; ox < w->out_width; ++ox, gradient += channels) {
      for (int32_t c = 0; c < channels; ++c) y[ops_max_pool_place(x, oy, ox, c, w)] += gradient[c];
    }
  }
}
