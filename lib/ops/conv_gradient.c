/* Gradients of a convolution. Both kernels work on blocks of channels that fit registers, so that each sum is
 * one chain of additions in the order that ops.h gives. */
#include "ops/common.h"
#include "ops/forms.h"

enum { block = 32, outputs_at_once = 4 };

/* sum[i] += g * weight[i] over the output channels o of one group, in their order; rows of weights lie
 * `apart`. */
static inline void add_rows(float* restrict sum, const float* restrict g, const int8_t* restrict weight,
                            int32_t outputs, size_t apart, int32_t count) {
  for (int32_t o = 0; o < outputs; ++o, weight += apart) {
    for (int32_t i = 0; i < count; ++i) sum[i] += g[o] * (float)weight[i];
  }
}

/* The same with the sums of a whole block in registers. */
static inline void add_rows_of_block(float* restrict sum, const float* restrict g,
                                     const int8_t* restrict weight, int32_t outputs, size_t apart) {
  float held[block];
  for (int32_t i = 0; i < block; ++i) held[i] = sum[i];
  add_rows(held, g, weight, outputs, apart, block);
  for (int32_t i = 0; i < block; ++i) sum[i] = held[i];
}

/* Four pixels at a time. The last four again where the pixels are no multiple of four: the same sums. */
static void pointwise_input_gradient(const float* gradient, const int8_t* weight, float* y, int32_t pixels,
                                     int32_t outputs, int32_t inputs) {
  for (int32_t p = 0; p < pixels; p += 4) {
    const int32_t at = ops_min(p, pixels - 4);
    ops_four_pixels_avx2(gradient + (size_t)at * (size_t)outputs, weight, y + (size_t)at * (size_t)inputs,
                         outputs, inputs);
  }
}

OPS_KERNEL void ops_conv_input_gradient_plain(const float* gradient, const int8_t* weight, float* y,
                                              const ops_window* w) {
  const int32_t each = w->in_channels / w->groups, out_each = w->out_channels / w->groups;
  const int32_t area = w->kernel_height * w->kernel_width;
  const size_t apart = (size_t)area * (size_t)each;
  const int32_t pixels = w->in_height * w->in_width;
  if (ops_has_avx2() && area == 1 && w->groups == 1 && pixels >= 4 && each >= 16 &&
      pixels == w->out_height * w->out_width && w->pad_top == 0 && w->pad_left == 0) {
    pointwise_input_gradient(gradient, weight, y, pixels, w->out_channels, each);
    return;
  }
  for (int32_t iy = 0; iy < w->in_height; ++iy) {
    for (int32_t ix = 0; ix < w->in_width; ++ix, y += w->in_channels) {
      for (int32_t c = 0; c < w->in_channels; ++c) y[c] = 0;
      for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
        const int32_t oy =
            ops_reader(iy, ky, w->stride_height, w->pad_top, w->dilation_height, w->out_height);
        if (oy < 0) continue;
        for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
          const int32_t ox =
              ops_reader(ix, kx, w->stride_width, w->pad_left, w->dilation_width, w->out_width);
          if (ox < 0) continue;
          const size_t pixel = (size_t)oy * (size_t)w->out_width + (size_t)ox;
          const float* g = gradient + pixel * (size_t)w->out_channels;
          for (int32_t group = 0; group < w->groups; ++group) {
            const size_t row =
                (size_t)(group * out_each) * (size_t)area + (size_t)(ky * w->kernel_width + kx);
            const int8_t* rows = weight + row * (size_t)each;
            const float* of_group = g + (ptrdiff_t)(group * out_each);
            float* to = y + (ptrdiff_t)(group * each);
            int32_t first = 0;
            for (; first + block <= each; first += block)
              add_rows_of_block(to + first, of_group, rows + first, out_each, apart);
            if (first < each) add_rows(to + first, of_group, rows + first, out_each, apart, each - first);
          }
        }
      }
    }
  }
}

/* sums[j][i] over the pixels, of one kernel place: `count` trained channels for four output channels. */
typedef struct {
  const int8_t* x;
  const float* gradient;
  const int32_t* channels; /* of x, already offset to this block; null: first, first + 1, ... */
  int32_t first, count, zero, ky, kx;
} block_task;

static inline void add_block(const float* restrict values, const float* g, int32_t outputs,
                             float* restrict sums, int32_t count) {
  for (int32_t j = 0; j < outputs; ++j) {
    const float scale = g[j];
    float* restrict to = sums + (ptrdiff_t)(j * block);
    for (int32_t i = 0; i < count; ++i) to[i] += scale * values[i];
  }
}

static inline void sum_block(const block_task* task, int32_t outputs, int32_t first_in, const ops_window* w,
                             float* sums) {
  float values[block];
  for (int32_t i = 0; i < outputs * block; ++i) sums[i] = 0;
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
      const float* g =
          task->gradient + ((size_t)oy * (size_t)w->out_width + (size_t)ox) * (size_t)w->out_channels;
      if (task->channels) {
        for (int32_t i = 0; i < task->count; ++i) values[i] = (float)(from[task->channels[i]] - task->zero);
      } else {
        for (int32_t i = 0; i < task->count; ++i) values[i] = (float)(from[task->first + i] - task->zero);
      }
      if (task->count == block && outputs == outputs_at_once) {
        add_block(values, g, outputs_at_once, sums, block);
      } else {
        add_block(values, g, outputs, sums, task->count);
      }
    }
  }
}

OPS_KERNEL void ops_conv_weight_gradient_plain(const int8_t* x, int32_t x_zero, const float* gradient,
                                               float* y, const int32_t* channels, int32_t trained,
                                               const ops_window* w) {
  const int32_t each = w->in_channels / w->groups, out_each = w->out_channels / w->groups;
  const int32_t area = w->kernel_height * w->kernel_width;
  float sums[outputs_at_once * block];
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
                                 place % w->kernel_width};
        sum_block(&task, outputs, group * each, w, sums);
        for (int32_t j = 0; j < outputs; ++j) {
          float* to = y + ((size_t)(o + j) * (size_t)area + (size_t)place) * (size_t)trained + (size_t)first;
          for (int32_t i = 0; i < task.count; ++i) to[i] = sums[j * block + i];
        }
      }
    }
    o += outputs;
  }
}

void ops_conv_input_gradient(const float* gradient, const int8_t* weight, float* y, const ops_window* w) {
  OPS_FLOAT_FORM(ops_conv_input_gradient_plain, ops_conv_input_gradient_fpu)(gradient, weight, y, w);
}

void ops_conv_weight_gradient(const int8_t* x, int32_t x_zero, const float* gradient, float* y,
                              const int32_t* channels, int32_t trained, const ops_window* w) {
  OPS_FLOAT_FORM(ops_conv_weight_gradient_plain, ops_conv_weight_gradient_fpu)
  (x, x_zero, gradient, y, channels, trained, w);
}
