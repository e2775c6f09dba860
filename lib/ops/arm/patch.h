/* What a convolution's window covers of an int8 image, as bytes that lie side by side. */
#ifndef FRUGAL_OPS_ARM_PATCH_H
#define FRUGAL_OPS_ARM_PATCH_H

#include "ops/common.h"

/* Of one group of channels. */
static inline int32_t ops_patch_length(const ops_window* w) {
  return w->kernel_height * w->kernel_width * (w->in_channels / w->groups);
}

/* Whether a patch lies in the image as it is. */
static inline int ops_patch_is_direct(const ops_window* w) {
  return w->kernel_height * w->kernel_width == 1 && w->stride_height == 1 && w->stride_width == 1 &&
         w->pad_top == 0 && w->pad_left == 0 && w->out_width == w->in_width;
}

/* The bytes of one output pixel and group of channels, padding as the zero point. */
void ops_gather_patch(const int8_t* x, int8_t* to, int32_t pixel, int32_t group, int32_t zero,
                      const ops_window* w);

#endif
