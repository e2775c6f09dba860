/* Patches of int8 images. */
#include "ops/arm/patch.h"

#include "ops/arm/dsp.h"

void ops_gather_patch(const int8_t* x, int8_t* to, int32_t pixel, int32_t group, int32_t zero,
                      const ops_window* w) {
  const int32_t each = w->in_channels / w->groups, oy = pixel / w->out_width, ox = pixel % w->out_width;
  const int32_t left = ox * w->stride_width - w->pad_left;
  const int whole =
      w->groups == 1 && w->dilation_width == 1 && left >= 0 && left + w->kernel_width <= w->in_width;
  const size_t run = (size_t)w->kernel_width * (size_t)each;
  for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
    const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
    if (iy < 0) {
      memset(to, zero, run);
      to += run;
      continue;
    }
    const int8_t* row =
        x + (size_t)iy * (size_t)w->in_width * (size_t)w->in_channels + (size_t)(group * each);
    if (whole) {
      const int8_t* from = row + (size_t)left * (size_t)each;
      size_t i = 0;
      for (; i + 4 <= run; i += 4) {
        const uint32_t bytes = dsp_load(from + i);
        memcpy(to + i, &bytes, 4);
      }
      for (; i < run; ++i) to[i] = from[i];
      to += run;
      continue;
    }
    for (int32_t kx = 0; kx < w->kernel_width; ++kx, to += each) {
      const int32_t ix = left + kx * w->dilation_width;
      if (ix < 0 || ix >= w->in_width) {
        memset(to, zero, (size_t)each);
      } else {
        const int8_t* from = row + (size_t)ix * (size_t)w->in_channels;
        for (int32_t c = 0; c < each; ++c) to[c] = from[c];
      }
    }
  }
}
