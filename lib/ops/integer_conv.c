/* Gradients of a convolution in whole numbers, in blocks of channels that fit registers. A part of a sum is
 * exact; parts are added after the shift (ops/integer.h). */
#include "ops/common.h"
#include "ops/integer.h"

enum { block = 32, outputs_at_once = 4 };

static inline void add_parts(int32_t* restrict total, int32_t* restrict part, int32_t count, int32_t down) {
  if (down == 0) {
    for (int32_t i = 0; i < count; ++i) total[i] += part[i];
  } else {
    for (int32_t i = 0; i < count; ++i) total[i] += ops_shift_rounded(part[i], down);
  }
  for (int32_t i = 0; i < count; ++i) part[i] = 0;
}

/* part[i] += g[o] * weight[o][i] over `outputs` output channels; rows of weights lie `apart`. */
static inline void add_rows(int32_t* restrict part, const int16_t* restrict g, const int8_t* restrict weight,
                            int32_t outputs, size_t apart, int32_t count) {
  for (int32_t o = 0; o < outputs; ++o, weight += apart) {
    for (int32_t i = 0; i < count; ++i) part[i] += g[o] * weight[i];
  }
}

/* A part: the output channels of one kernel place, OPS_EXACT_PART at most. */
static inline void add_place(int32_t* restrict total, int32_t* restrict part, const int16_t* g,
                             const int8_t* weight, int32_t outputs, size_t apart, int32_t count,
                             int32_t down) {
  for (int32_t first = 0; first < outputs; first += OPS_EXACT_PART) {
    const int32_t some = ops_min(OPS_EXACT_PART, outputs - first);
    if (count == block) {
      add_rows(part, g + first, weight + (size_t)first * apart, some, apart, block);
    } else {
      add_rows(part, g + first, weight + (size_t)first * apart, some, apart, count);
    }
    add_parts(total, part, count, down);
  }
}

/* `count` input channels of one group at one pixel. */
static inline void sum_pixel(const int16_t* gradient, const int8_t* weight, int32_t* y, int32_t iy,
                             int32_t ix, int32_t outputs, int32_t count, const ops_window* w, int32_t down) {
  const int32_t each = w->in_channels / w->groups;
  const size_t apart = (size_t)(w->kernel_height * w->kernel_width) * (size_t)each;
  int32_t total[block] = {0}, part[block] = {0};
  for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
    const int32_t oy = ops_reader(iy, ky, w->stride_height, w->pad_top, w->dilation_height, w->out_height);
    if (oy < 0) continue;
    for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
      const int32_t ox = ops_reader(ix, kx, w->stride_width, w->pad_left, w->dilation_width, w->out_width);
      if (ox < 0) continue;
      const size_t pixel = (size_t)oy * (size_t)w->out_width + (size_t)ox;
      add_place(total, part, gradient + pixel * (size_t)w->out_channels,
                weight + (size_t)(ky * w->kernel_width + kx) * (size_t)each, outputs, apart, count, down);
    }
  }
  for (int32_t i = 0; i < count; ++i) y[i] = total[i];
}

OPS_KERNEL void ops_conv_input_gradient_i16(const int16_t* gradient, const int8_t* weight, int32_t* y,
                                            const ops_window* w, int32_t down) {
  const int32_t each = w->in_channels / w->groups, out_each = w->out_channels / w->groups;
  const size_t apart = (size_t)(w->kernel_height * w->kernel_width) * (size_t)each;
  for (int32_t iy = 0; iy < w->in_height; ++iy) {
    for (int32_t ix = 0; ix < w->in_width; ++ix, y += w->in_channels) {
      for (int32_t group = 0; group < w->groups; ++group) {
        const int8_t* rows = weight + (size_t)(group * out_each) * apart;
        for (int32_t first = 0; first < each; first += block)
          sum_pixel(gradient + (ptrdiff_t)(group * out_each), rows + first,
                    y + (ptrdiff_t)(group * each) + first, iy, ix, out_each, ops_min(block, each - first), w,
                    down);
      }
    }
  }
}

/* The sums of one kernel place: `count` trained channels for `outputs` output channels. */
typedef struct {
  const int8_t* x;
  const int16_t* gradient;
  const int32_t* channels; /* of x, already offset to this block; null: first, first + 1, ... */
  int32_t first, count, zero, ky, kx, down;
} block_task;

static inline void add_block(const int32_t* restrict values, const int16_t* g, int32_t outputs,
                             int32_t* restrict parts, int32_t count) {
  for (int32_t j = 0; j < outputs; ++j) {
    const int32_t scale = g[j];
    int32_t* restrict to = parts + (ptrdiff_t)(j * block);
    for (int32_t i = 0; i < count; ++i) to[i] += scale * values[i];
  }
}

static inline void sum_block(const block_task* task, int32_t outputs, int32_t first_in, const ops_window* w,
                             int32_t* totals) {
  int32_t values[block], parts[outputs_at_once * block] = {0};
  int32_t pixels = 0;
  for (int32_t i = 0; i < outputs_at_once * block; ++i) totals[i] = 0;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    const int32_t iy =
        ops_place(oy, task->ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
    if (iy < 0) continue;
    for (int32_t ox = 0; ox < w->out_width; ++ox) {
      const int32_t ix =
          ops_place(ox, task->kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width);
      if (ix < 0) continue;
      const int8_t* from = task->x +
                           ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)w->in_channels +
                           (size_t)first_in;
      const int16_t* g =
          task->gradient + ((size_t)oy * (size_t)w->out_width + (size_t)ox) * (size_t)w->out_channels;
      if (task->channels) {
        for (int32_t i = 0; i < task->count; ++i) values[i] = from[task->channels[i]] - task->zero;
      } else {
        for (int32_t i = 0; i < task->count; ++i) values[i] = from[task->first + i] - task->zero;
      }
      if (task->count == block && outputs == outputs_at_once) {
        add_block(values, g, outputs_at_once, parts, block);
      } else {
        add_block(values, g, outputs, parts, task->count);
      }
      if (++pixels % OPS_EXACT_PART == 0) add_parts(totals, parts, outputs_at_once * block, task->down);
    }
  }
  add_parts(totals, parts, outputs_at_once * block, task->down);
}

OPS_KERNEL void ops_conv_weight_gradient_i16(const int8_t* x, int32_t x_zero, const int16_t* gradient,
                                             int32_t* y, const int32_t* channels, int32_t trained,
                                             const ops_window* w, int32_t down) {
  const int32_t each = w->in_channels / w->groups, out_each = w->out_channels / w->groups;
  const int32_t area = w->kernel_height * w->kernel_width;
  int32_t sums[outputs_at_once * block];
  for (int32_t o = 0; o < w->out_channels;) {
    const int32_t group = o / out_each;
    const int32_t outputs = ops_min(outputs_at_once, (group + 1) * out_each - o);
    for (int32_t place = 0; place < area; ++place) {
      for (int32_t first = 0; first < trained; first += block) {
        const block_task task = {x,
                                 gradient + o,
                                 channels ? channels + first : 0,
                                 first,
                                 ops_min(block, trained - first),
                                 x_zero,
                                 place / w->kernel_width,
                                 place % w->kernel_width,
                                 down};
        sum_block(&task, outputs, group * each, w, sums);
        for (int32_t j = 0; j < outputs; ++j) {
          int32_t* to =
              y + ((size_t)(o + j) * (size_t)area + (size_t)place) * (size_t)trained + (size_t)first;
          for (int32_t i = 0; i < task.count; ++i) to[i] = sums[j * block + i];
        }
      }
    }
    o += outputs;
  }
}
