/* Gradients of a depthwise convolution, all channels of a pixel at once. */
#include "ops/common.h"
#include "ops/forms.h"

static inline void add_products(float* restrict sum, const float* restrict g, const int8_t* restrict weight,
                                int32_t channels) {
  for (int32_t c = 0; c < channels; ++c) sum[c] += g[c] * (float)weight[c];
}

OPS_KERNEL void ops_depthwise_input_gradient_plain(const float* gradient, const int8_t* weight, float* y,
                                                   const ops_window* w) {
  const int32_t in = w->in_channels, out = w->out_channels, multiplier = out / in;
  for (int32_t iy = 0; iy < w->in_height; ++iy) {
    for (int32_t ix = 0; ix < w->in_width; ++ix, y += in) {
      for (int32_t c = 0; c < in; ++c) y[c] = 0;
      for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
        const int32_t oy =
            ops_reader(iy, ky, w->stride_height, w->pad_top, w->dilation_height, w->out_height);
        if (oy < 0) continue;
        for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
          const int32_t ox =
              ops_reader(ix, kx, w->stride_width, w->pad_left, w->dilation_width, w->out_width);
          if (ox < 0) continue;
          const size_t pixel = (size_t)oy * (size_t)w->out_width + (size_t)ox;
          const float* g = gradient + pixel * (size_t)out;
          const int8_t* row = weight + (size_t)(ky * w->kernel_width + kx) * (size_t)out;
          if (multiplier == 1) {
            add_products(y, g, row, in);
          } else {
            for (int32_t o = 0; o < out; ++o) y[o / multiplier] += g[o] * (float)row[o];
          }
        }
      }
    }
  }
}

void ops_depthwise_input_gradient(const float* gradient, const int8_t* weight, float* y,
                                  const ops_window* w) {
  OPS_FLOAT_FORM(ops_depthwise_input_gradient_plain, ops_depthwise_input_gradient_fpu)
  (gradient, weight, y, w);
}

OPS_KERNEL void ops_depthwise_weight_gradient(const int8_t* x, int32_t x_zero, const float* gradient,
                                              float* y, const int32_t* channels, int32_t trained,
                                              const ops_window* w) {
  const int32_t in = w->in_channels, out = w->out_channels, multiplier = out / in;
  for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
    for (int32_t kx = 0; kx < w->kernel_width; ++kx, y += trained) {
      for (int32_t i = 0; i < trained; ++i) y[i] = 0;
      for (int32_t oy = 0; oy < w->out_height; ++oy) {
        const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
        if (iy < 0) continue;
        for (int32_t ox = 0; ox < w->out_width; ++ox) {
          const int32_t ix = ops_place(ox, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width);
          if (ix < 0) continue;
          const int8_t* from = x + ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)in;
          const float* g = gradient + ((size_t)oy * (size_t)w->out_width + (size_t)ox) * (size_t)out;
          if (channels) {
            for (int32_t i = 0; i < trained; ++i) {
              const int8_t* value = from + channels[i] / multiplier;
              y[i] += (float)(*value - x_zero) * g[channels[i]];
            }
          } else if (multiplier == 1) {
            for (int32_t c = 0; c < out; ++c) y[c] += (float)(from[c] - x_zero) * g[c];
          } else {
            for (int32_t c = 0; c < out; ++c) {
              const int8_t* value = from + c / multiplier;
              y[c] += (float)(*value - x_zero) * g[c];
            }
          }
        }
      }
    }
  }
}
