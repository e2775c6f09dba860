/* int8 sums and pools. */
#include "ops/common.h"
#include "ops/forms.h"

void ops_add_i8_plain(const int8_t* a, const int8_t* b, int8_t* y, uint8_t* mask, int32_t count,
                      int32_t b_count, const ops_add* how) {
  for (int32_t i = 0, j = 0; i < count; ++i) {
    const int32_t p = a[i] - how->a_zero, q = b[j] - how->b_zero;
    j = j + 1 < b_count ? j + 1 : 0;
    int32_t value;
#ifndef OPS_NO_FLOAT
    if (how->rounding == OPS_FLOAT32_HALF_EVEN) {
      value = ops_round((float)p * how->a_scale + (float)q * how->b_scale);
    } else
#endif
    {
      const int32_t shifted_p = p * (1 << 20), shifted_q = q * (1 << 20);
      if (how->rounding == OPS_TFLITE) {
        const int32_t sum = ops_scale_twice_rounded(shifted_p, how->a_multiplier, how->a_shift) +
                            ops_scale_twice_rounded(shifted_q, how->b_multiplier, how->b_shift);
        value = ops_scale_twice_rounded(sum, how->out_multiplier, how->out_shift);
      } else {
        const int32_t sum = ops_scale_once_rounded(shifted_p, how->a_multiplier, how->a_shift) +
                            ops_scale_once_rounded(shifted_q, how->b_multiplier, how->b_shift);
        value = ops_scale_once_rounded(sum, how->out_multiplier, how->out_shift);
      }
    }
    value += how->out_zero;
    y[i] = (int8_t)ops_clamp(value, how->low, how->high);
    if (mask) ops_set_mask_bit(mask, (size_t)i, value >= how->low && value <= how->high);
  }
}

void ops_add_i8(const int8_t* a, const int8_t* b, int8_t* y, uint8_t* mask, int32_t count, int32_t b_count,
                const ops_add* how) {
  OPS_FLOAT_FORM(ops_add_i8_plain, ops_add_i8_fpu)(a, b, y, mask, count, b_count, how);
}

/* The part of a window that lies in the image, along one axis. */
typedef struct {
  int32_t first, end;
} span;
static span span_of(int32_t o, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
  const int32_t start = o * stride - pad;
  const span s = {ops_max(start, 0), ops_min(start + kernel, size)};
  return s;
}

void ops_average_pool_i8(const int8_t* x, int8_t* y, const ops_window* w, const ops_requantize* to) {
  const int32_t channels = w->in_channels;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    const span rows = span_of(oy, w->stride_height, w->pad_top, w->kernel_height, w->in_height);
    for (int32_t ox = 0; ox < w->out_width; ++ox, y += channels) {
      const span columns = span_of(ox, w->stride_width, w->pad_left, w->kernel_width, w->in_width);
      const int32_t pixels = (rows.end - rows.first) * (columns.end - columns.first);
      for (int32_t c = 0; c < channels; ++c) {
        int32_t sum = 0;
        for (int32_t iy = rows.first; iy < rows.end; ++iy) {
          for (int32_t ix = columns.first; ix < columns.end; ++ix)
            sum += x[((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)channels + (size_t)c];
        }
        int32_t value;
#ifndef OPS_NO_FLOAT
        if (to->rounding == OPS_FLOAT32_HALF_EVEN) {
          const float mean = (float)sum / (float)pixels;
          value = ops_round((mean - (float)to->in_zero) * to->scale[0] + (float)to->out_zero);
        } else
#endif
        {
          value = sum > 0 ? (sum + pixels / 2) / pixels : (sum - pixels / 2) / pixels;
        }
        y[c] = (int8_t)ops_clamp(value, to->low, to->high);
      }
    }
  }
}

void ops_mean_i8(const int8_t* x, int8_t* y, int32_t pixels, int32_t channels, const ops_requantize* to) {
  for (int32_t c = 0; c < channels; ++c) {
    int32_t sum = -pixels * to->in_zero;
    for (int32_t p = 0; p < pixels; ++p) sum += x[(size_t)p * (size_t)channels + (size_t)c];
    y[c] = (int8_t)ops_clamp(ops_rescaled(sum, 0, to) + to->out_zero, to->low, to->high);
  }
}

void ops_max_pool_i8(const int8_t* x, int8_t* y, const ops_window* w, int32_t low, int32_t high) {
  const int32_t channels = w->in_channels;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    const span rows = span_of(oy, w->stride_height, w->pad_top, w->kernel_height, w->in_height);
    for (int32_t ox = 0; ox < w->out_width; ++ox, y += channels) {
      const span columns = span_of(ox, w->stride_width, w->pad_left, w->kernel_width, w->in_width);
      for (int32_t c = 0; c < channels; ++c) {
        int32_t most = -128;
        for (int32_t iy = rows.first; iy < rows.end; ++iy) {
          for (int32_t ix = columns.first; ix < columns.end; ++ix)
            most = ops_max(most,
                           x[((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)channels + (size_t)c]);
        }
        y[c] = (int8_t)ops_clamp(most, low, high);
      }
    }
  }
}
