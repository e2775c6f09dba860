/* What a convolution whose weight lies in two places needs while it runs: a few output channels at a time. */
#ifndef FRUGAL_OPS_OF_PARTS_H
#define FRUGAL_OPS_OF_PARTS_H

#include "ops/common.h"

enum { ops_outputs_at_once = 16, ops_pixels_at_once = 64 };

/* Rows of the image that are computed at once: a few small ones. */
static inline int32_t ops_rows_at_once(const ops_window* w) {
  return ops_clamp(ops_pixels_at_once / w->out_width, 1, w->out_height);
}

static inline ops_window ops_some_outputs(const ops_window* w) {
  ops_window some = *w;
  some.out_channels = ops_min(ops_outputs_at_once, w->out_channels);
  return some;
}

/* Bytes, in multiples of 8: the weight put together, what some rows of the image give, and its mask. */
typedef struct {
  size_t weight, given, mask;
} ops_parts_scratch;

static inline ops_parts_scratch ops_scratch_of_parts(const ops_window* some) {
  const size_t outputs = (size_t)some->out_channels;
  const size_t given = (size_t)(some->out_width * ops_rows_at_once(some)) * outputs;
  const size_t length = (size_t)(some->kernel_height * some->kernel_width) * (size_t)some->in_channels;
  const ops_parts_scratch bytes = {(length * outputs + 7) / 8 * 8, (given + 7) / 8 * 8,
                                   (given + 63) / 64 * 8};
  return bytes;
}

#endif
