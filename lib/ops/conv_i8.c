/* int8 convolution: the pixels under the window are gathered as int16 with the zero point taken off (padding
 * is then 0), and every output channel is an exact dot product with them. */
#include "ops/common.h"
#include "ops/forms.h"

/* The sums of one pixel, then the patches of up to four pixels. */
enum { pixels_at_once = 4 };

static int32_t patch_length(const ops_window* w) {
  return w->kernel_height * w->kernel_width * (w->in_channels / w->groups);
}

static int32_t padded_length(const ops_window* w) { return (patch_length(w) + 7) / 8 * 8; }

size_t ops_conv_i8_plain_scratch(const ops_window* w) {
  const size_t sums = sizeof(int32_t) * (size_t)(pixels_at_once * w->out_channels);
  return sums + sizeof(int16_t) * (size_t)(pixels_at_once * w->groups * padded_length(w));
}

/* One output pixel's patch, group by group. */
static void gather(const int8_t* x, int16_t* patch, int32_t oy, int32_t ox, int32_t zero,
                   const ops_window* w) {
  const int32_t each = w->in_channels / w->groups, length = padded_length(w);
  for (int32_t g = 0; g < w->groups; ++g) {
    int16_t* to = patch + (ptrdiff_t)(g * length);
    for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
      const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
      for (int32_t kx = 0; kx < w->kernel_width; ++kx, to += each) {
        const int32_t ix = ops_place(ox, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width);
        if (iy < 0 || ix < 0) {
          for (int32_t c = 0; c < each; ++c) to[c] = 0;
        } else {
          const int8_t* from = x + ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)w->in_channels +
                               (size_t)(g * each);
          for (int32_t c = 0; c < each; ++c) to[c] = (int16_t)(from[c] - zero);
        }
      }
    }
  }
}

/* One weight row with the patches of four pixels. */
static inline void four_products(const int16_t* patch, int32_t apart, const int8_t* row, int32_t length,
                                 int32_t sums[4]) {
  int32_t a = 0, b = 0, c = 0, d = 0;
  for (int32_t k = 0; k < length; ++k) {
    const int16_t v = (int16_t)row[k];
    a += patch[k] * v;
    b += patch[apart + k] * v;
    c += patch[2 * apart + k] * v;
    d += patch[3 * apart + k] * v;
  }
  sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

static inline int32_t one_product(const int16_t* patch, const int8_t* row, int32_t length) {
  int32_t sum = 0;
  for (int32_t k = 0; k < length; ++k) sum += patch[k] * (int16_t)row[k];
  return sum;
}

OPS_KERNEL void ops_conv_i8_plain(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                                  uint8_t* mask, void* scratch, const ops_window* w,
                                  const ops_requantize* to) {
  const int32_t length = patch_length(w), padded = padded_length(w), apart = w->groups * padded;
  const int32_t out = w->out_channels, out_each = out / w->groups;
  const int32_t pixels = w->out_height * w->out_width;
  int32_t* sums = scratch;
  int16_t* patches = (int16_t*)(sums + (ptrdiff_t)(pixels_at_once * out));
  for (int32_t first = 0; first < pixels; first += pixels_at_once) {
    const int32_t count = ops_min(pixels_at_once, pixels - first);
    for (int32_t p = 0; p < count; ++p)
      gather(x, patches + (ptrdiff_t)(p * apart), (first + p) / w->out_width, (first + p) % w->out_width,
             to->in_zero, w);
    for (int32_t o = 0; o < out; ++o) {
      const int16_t* patch = patches + (ptrdiff_t)(o / out_each * padded);
      const int8_t* row = weight + (size_t)o * (size_t)length;
      int32_t products[pixels_at_once];
      if (count == pixels_at_once) {
        four_products(patch, apart, row, length, products);
      } else {
        for (int32_t p = 0; p < count; ++p)
          products[p] = one_product(patch + (ptrdiff_t)(p * apart), row, length);
      }
      const int32_t add = bias ? bias[o] : 0;
      for (int32_t p = 0; p < count; ++p) sums[p * out + o] = ops_saturating_add(products[p], add);
    }
    for (int32_t p = 0; p < count; ++p) {
      const size_t at = (size_t)(first + p) * (size_t)out;
      ops_write_pixel(sums + (ptrdiff_t)(p * out), out, y + at, mask, at, to);
    }
  }
}

size_t ops_conv_i8_scratch(const ops_window* w) {
  return OPS_FORM(ops_conv_i8_plain_scratch, ops_conv_i8_avx2_scratch, ops_conv_i8_dsp_scratch,
                  ops_conv_i8_mve_scratch)(w);
}

void ops_conv_i8(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y, uint8_t* mask,
                 void* scratch, const ops_window* w, const ops_requantize* to) {
  OPS_FORM(ops_conv_i8_plain, ops_conv_i8_avx2, ops_conv_i8_dsp, ops_conv_i8_mve)
  (x, weight, bias, y, mask, scratch, w, to);
}
