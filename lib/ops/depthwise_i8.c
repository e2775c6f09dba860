/* int8 depthwise convolution: all channels of a pixel at once, one kernel place after the other. */
#include "ops/common.h"
#include "ops/forms.h"

size_t ops_depthwise_conv_i8_plain_scratch(const ops_window* w) {
  return sizeof(int32_t) * (size_t)w->out_channels;
}

static inline void add_place(const int8_t* restrict x, const int8_t* restrict weight, int32_t* restrict sums,
                             int32_t zero, int32_t channels) {
  for (int32_t c = 0; c < channels; ++c) sums[c] += (int16_t)(x[c] - zero) * (int16_t)weight[c];
}

static inline void add_place_multiplied(const int8_t* x, const int8_t* weight, int32_t* sums, int32_t zero,
                                        int32_t channels, int32_t multiplier) {
  for (int32_t c = 0; c < channels; ++c) {
    for (int32_t m = 0; m < multiplier; ++m)
      sums[c * multiplier + m] += (x[c] - zero) * weight[c * multiplier + m];
  }
}

OPS_KERNEL void ops_depthwise_conv_i8_plain(const int8_t* x, const int8_t* weight, const int32_t* bias,
                                            int8_t* y, uint8_t* mask, void* scratch, const ops_window* w,
                                            const ops_requantize* to) {
  const int32_t in = w->in_channels, out = w->out_channels, multiplier = out / in;
  int32_t* sums = scratch;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    for (int32_t ox = 0; ox < w->out_width; ++ox) {
      for (int32_t c = 0; c < out; ++c) sums[c] = 0;
      for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
        const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
        if (iy < 0) continue;
        for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
          const int32_t ix = ops_place(ox, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width);
          if (ix < 0) continue;
          const int8_t* from = x + ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)in;
          const int8_t* row = weight + (size_t)(ky * w->kernel_width + kx) * (size_t)out;
          if (multiplier == 1) {
            add_place(from, row, sums, to->in_zero, in);
          } else {
            add_place_multiplied(from, row, sums, to->in_zero, in, multiplier);
          }
        }
      }
      if (bias) {
        for (int32_t c = 0; c < out; ++c) sums[c] = ops_saturating_add(sums[c], bias[c]);
      }
      const size_t at = ((size_t)oy * (size_t)w->out_width + (size_t)ox) * (size_t)out;
      ops_write_pixel(sums, out, y + at, mask, at, to);
    }
  }
}

/* The form for AVX2 needs what the plain one needs. */
size_t ops_depthwise_conv_i8_scratch(const ops_window* w) {
  /* NOLINTNEXTLINE(bugprone-branch-clone) */
  return OPS_FORM(ops_depthwise_conv_i8_plain_scratch, ops_depthwise_conv_i8_plain_scratch,
                  ops_depthwise_conv_i8_dsp_scratch, ops_depthwise_conv_i8_mve_scratch)(w);
}

void ops_depthwise_conv_i8(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                           uint8_t* mask, void* scratch, const ops_window* w, const ops_requantize* to) {
  OPS_FORM(ops_depthwise_conv_i8_plain, ops_depthwise_conv_i8_avx2, ops_depthwise_conv_i8_dsp,
           ops_depthwise_conv_i8_mve)
  (x, weight, bias, y, mask, scratch, w, to);
}
