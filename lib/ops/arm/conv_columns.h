/* Which pixels a kernel place goes over: for the gradients of a convolution on Arm. */
#ifndef FRUGAL_OPS_ARM_CONV_COLUMNS_H
#define FRUGAL_OPS_ARM_CONV_COLUMNS_H

#include "ops/common.h"

/* A 1x1 kernel that goes over every pixel: the image is one row. */
static inline ops_window ops_flattened(const ops_window* w) {
  ops_window flat = *w;
  if (w->kernel_height * w->kernel_width == 1 && w->stride_height == 1 && w->stride_width == 1 &&
      w->pad_top == 0 && w->pad_left == 0 && w->in_height == w->out_height && w->in_width == w->out_width) {
    flat.in_width = flat.out_width = w->in_height * w->in_width;
    flat.in_height = flat.out_height = 1;
  }
  return flat;
}

/* The output columns [first, end) whose kernel column kx lies in the image. */
typedef struct {
  int32_t first, end;
} ops_columns;

static inline ops_columns ops_columns_of(int32_t kx, const ops_window* w) {
  ops_columns c = {0, w->out_width};
  while (c.first < c.end &&
         ops_place(c.first, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width) < 0)
    ++c.first;
  while (c.end > c.first &&
         ops_place(c.end - 1, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width) < 0)
    --c.end;
  return c;
}

#endif
