/* Gradients some channels at a time (channels.h). */
#include "ops/channels.h"

#include <string.h>

#include "ops/common.h"
#include "ops/forms.h"

enum { at_once = 16 }; /* bytes that are copied by a few loads and stores */

static int32_t area_of(const ops_window* w) { return w->kernel_height * w->kernel_width; }

/* Columns [part) of rows of weights. */
static void take_columns(const int8_t* weight, int8_t* to, int32_t rows, int32_t columns,
                         const ops_part* part) {
  weight += part->first;
  for (; rows > 0; --rows, weight += columns, to += part->count) {
    int32_t c = 0;
    for (; c + at_once <= part->count; c += at_once) memcpy(to + c, weight + c, at_once);
    for (; c < part->count; ++c) to[c] = weight[c];
  }
}

size_t ops_conv_input_gradient_part_scratch(const ops_window* w) {
  return (size_t)w->out_channels * (size_t)area_of(w);
}

void ops_conv_input_gradient_part(const float* gradient, const int8_t* weight, float* y, void* scratch,
                                  const ops_window* w, const ops_part* part) {
  ops_window some = *w;
  some.in_channels = part->count;
  take_columns(weight, (int8_t*)scratch, w->out_channels * area_of(w), w->in_channels, part);
  ops_conv_input_gradient(gradient, (const int8_t*)scratch, y, &some);
}

void ops_conv_input_gradient_of_parts_part(const float* gradient, const int8_t* frozen, const int8_t* trained,
                                           float* y, const int32_t* channels, int32_t count, void* scratch,
                                           const ops_window* w, const ops_part* part) {
  const int32_t rows = w->out_channels * area_of(w);
  int8_t* weight = (int8_t*)scratch;
  ops_window some = *w;
  some.in_channels = part->count;
  take_columns(frozen, weight, rows, w->in_channels, part);
  for (int32_t i = 0; i < count; ++i) {
    const int32_t column = channels[i] - part->first;
    if (column < 0 || column >= part->count) continue;
    for (int32_t r = 0; r < rows; ++r)
      weight[(size_t)r * (size_t)part->count + (size_t)column] =
          trained[(size_t)r * (size_t)count + (size_t)i];
  }
  ops_conv_input_gradient(gradient, weight, y, &some);
}

void ops_rescale_gradient_part(const float* gradient, const float* factor, int32_t factors,
                               const uint8_t* mask, float* y, int32_t pixels, int32_t channels,
                               const ops_part* part) {
  const int32_t count = part->count;
  const float* from = factors == 1 ? factor : factor + part->first;
  const int whole_bytes = channels % 8 == 0 && part->first % 8 == 0;
  for (int32_t p = 0; p < pixels; ++p, gradient += count, y += count) {
    const size_t first = (size_t)p * (size_t)channels + (size_t)part->first;
    if (!mask || whole_bytes) {
      ops_rescale_gradient(gradient, from, factors == 1 ? 1 : count, mask ? mask + first / 8 : 0, y, count);
      continue;
    }
    for (int32_t c = 0; c < count; ++c) {
      const float scaled = gradient[c] * from[factors == 1 ? 0 : c];
      y[c] = ops_mask_bit(mask, first + (size_t)c) ? scaled : 0.0f;
    }
  }
}

void ops_channel_sum_part(const float* gradient, float* sum, int32_t pixels, const ops_part* part) {
  ops_channel_sum(gradient, sum + part->first, pixels, part->count);
}

size_t ops_depthwise_input_gradient_part_scratch(const ops_window* w) { return (size_t)area_of(w); }

void ops_depthwise_input_gradient_part(const float* gradient, const int8_t* weight, float* y, void* scratch,
                                       const ops_window* w, const ops_part* part) {
  ops_window some = *w;
  some.in_channels = some.out_channels = part->count;
  take_columns(weight, (int8_t*)scratch, area_of(w), w->in_channels, part);
  ops_depthwise_input_gradient(gradient, (const int8_t*)scratch, y, &some);
}

/* y[p][i] += gradient[p][o] * weight[o][i], over o in their order. */
OPS_KERNEL void ops_pointwise_input_gradient_add_plain(const float* gradient, const int8_t* weight, float* y,
                                                       const ops_window* w) {
  const int32_t in = w->in_channels, pixels = w->in_height * w->in_width;
  for (int32_t p = 0; p < pixels; ++p, y += in) {
    for (int32_t o = 0; o < w->out_channels; ++o) {
      const float g = *gradient++;
      const int8_t* row = weight + (size_t)o * (size_t)in;
      for (int32_t i = 0; i < in; ++i) y[i] += g * (float)row[i];
    }
  }
}

/* rows: of the part's weights. */
static void add_part(const float* gradient, const int8_t* rows, float* y, const ops_window* w,
                     const ops_part* part) {
  const size_t numbers = (size_t)w->in_height * (size_t)w->in_width * (size_t)w->in_channels;
  ops_window some = *w;
  some.out_channels = part->count;
  for (size_t i = 0; part->first == 0 && i < numbers; ++i) y[i] = 0;
  OPS_FLOAT_FORM(ops_pointwise_input_gradient_add_plain, ops_conv_input_gradient_add_fpu)
  (gradient, rows, y, &some);
}

void ops_pointwise_input_gradient_sum(const float* gradient, const int8_t* weight, float* y,
                                      const ops_window* w, const ops_part* part) {
  add_part(gradient, weight + (size_t)part->first * (size_t)w->in_channels, y, w, part);
}

size_t ops_pointwise_input_gradient_of_parts_sum_scratch(const ops_window* w) {
  return (size_t)w->in_channels;
}

void ops_pointwise_input_gradient_of_parts_sum(const float* gradient, const int8_t* frozen,
                                               const int8_t* trained, float* y, const int32_t* channels,
                                               int32_t count, void* scratch, const ops_window* w,
                                               const ops_part* part) {
  int8_t* rows = (int8_t*)scratch;
  ops_merge_channels(frozen + (size_t)part->first * (size_t)w->in_channels,
                     trained + (size_t)part->first * (size_t)count, rows, part->count, w->in_channels,
                     channels, count);
  add_part(gradient, rows, y, w, part);
}

size_t ops_conv_weight_update_part_scratch(const ops_window* w, int32_t trained) {
  return sizeof(float) * (size_t)area_of(w) * (size_t)trained;
}

void ops_conv_weight_update_part(int8_t* weight, const int8_t* x, int32_t x_zero, const float* gradient,
                                 const float* factor, const float* rate, const uint32_t* seed, void* scratch,
                                 const int32_t* taken, const ops_window* w, const ops_update* how,
                                 const ops_part* part) {
  float* sums = (float*)scratch;
  ops_window some = *w;
  ops_update update = *how;
  some.out_channels = update.outer = part->count;
  update.first = how->first + (uint32_t)(part->first * how->places * how->trained);
  ops_conv_weight_gradient(x, x_zero, gradient, sums, taken, how->trained, &some);
  ops_update_i8(weight + (size_t)part->first * (size_t)how->places * (size_t)how->inner, sums,
                factor + part->first, rate, seed, &update);
}
