/* The small steps of a backward pass: masks and scales, biases, pools. */
#include "ops/common.h"
#include "ops/forms.h"

/* Eight numbers and the byte of their mask. */
static inline void rescale_eight(const float* gradient, const float* factor, uint32_t bits, float* y) {
  float scaled[8];
  for (int32_t i = 0; i < 8; ++i) scaled[i] = gradient[i] * factor[i];
  for (int32_t i = 0; i < 8; ++i) y[i] = (bits & (1u << i)) != 0 ? scaled[i] : 0.0f;
}

OPS_KERNEL void ops_rescale_gradient_plain(const float* gradient, const float* factor, int32_t factors,
                                           const uint8_t* mask, float* y, int32_t count) {
  int32_t at = 0;
  if (factors % 8 == 0) {
    for (int32_t c = 0; at + 8 <= count; at += 8) {
      rescale_eight(gradient + at, factor + c, mask ? mask[at / 8] : 0xffu, y + at);
      c = c + 8 < factors ? c + 8 : 0;
    }
  }
  for (; at < count; ++at) {
    const float scaled = gradient[at] * factor[at % factors];
    y[at] = !mask || ops_mask_bit(mask, (size_t)at) ? scaled : 0.0f;
  }
}

void ops_rescale_gradient(const float* gradient, const float* factor, int32_t factors, const uint8_t* mask,
                          float* y, int32_t count) {
  OPS_FLOAT_FORM(ops_rescale_gradient_plain, ops_rescale_gradient_fpu)
  (gradient, factor, factors, mask, y, count);
}

OPS_KERNEL void ops_channel_sum_plain(const float* gradient, float* sum, int32_t pixels, int32_t channels) {
  for (int32_t c = 0; c < channels; ++c) sum[c] = 0;
  for (int32_t p = 0; p < pixels; ++p, gradient += channels) {
    for (int32_t c = 0; c < channels; ++c) sum[c] += gradient[c];
  }
}

void ops_channel_sum(const float* gradient, float* sum, int32_t pixels, int32_t channels) {
  OPS_FLOAT_FORM(ops_channel_sum_plain, ops_channel_sum_fpu)(gradient, sum, pixels, channels);
}

OPS_KERNEL void ops_global_average_pool_f32(const float* x, float* y, int32_t pixels, int32_t channels) {
  ops_channel_sum(x, y, pixels, channels);
  for (int32_t c = 0; c < channels; ++c) y[c] = y[c] / (float)pixels;
}

static int32_t pixels_in(int32_t o, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
  return ops_min(o * stride - pad + kernel, size) - ops_max(o * stride - pad, 0);
}

OPS_KERNEL void ops_average_pool_input_gradient(const float* gradient, float* y, const ops_window* w) {
  const int32_t channels = w->in_channels;
  const size_t elements = (size_t)w->in_height * (size_t)w->in_width * (size_t)channels;
  for (size_t i = 0; i < elements; ++i) y[i] = 0;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    const int32_t rows = pixels_in(oy, w->stride_height, w->pad_top, w->kernel_height, w->in_height);
    for (int32_t ox = 0; ox < w->out_width; ++ox, gradient += channels) {
      const int32_t columns = pixels_in(ox, w->stride_width, w->pad_left, w->kernel_width, w->in_width);
      const float pixels = (float)(rows * columns);
      for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
        const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, 1, w->in_height);
        if (iy < 0) continue;
        for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
          const int32_t ix = ops_place(ox, kx, w->stride_width, w->pad_left, 1, w->in_width);
          if (ix < 0) continue;
          float* to = y + ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)channels;
          for (int32_t c = 0; c < channels; ++c) to[c] += gradient[c] / pixels;
        }
      }
    }
  }
}

void ops_max_pool_input_gradient(const int8_t* x, const float* gradient, float* y, const ops_window* w) {
  const int32_t channels = w->in_channels;
  const size_t elements = (size_t)w->in_height * (size_t)w->in_width * (size_t)channels;
  for (size_t i = 0; i < elements; ++i) y[i] = 0;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    for (int32_t ox = 0; ox < w->out_width; ++ox, gradient += channels) {
      for (int32_t c = 0; c < channels; ++c) y[ops_max_pool_place(x, oy, ox, c, w)] += gradient[c];
    }
  }
}
