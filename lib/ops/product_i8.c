/* Products, activations by a table, and joined channels on int8, with their gradients in float. */
#include <string.h>

#include "ops/channels.h"
#include "ops/common.h"

void ops_mul_i8(const int8_t* a, const int8_t* b, int32_t b_zero, int8_t* y, uint8_t* mask, int32_t count,
                int32_t b_count, const ops_requantize* to) {
  for (int32_t i = 0, j = 0; i < count; ++i) {
    const int32_t value = ops_rescaled((a[i] - to->in_zero) * (b[j] - b_zero), 0, to) + to->out_zero;
    y[i] = (int8_t)ops_clamp(value, to->low, to->high);
    if (mask) ops_set_mask_bit(mask, (size_t)i, value >= to->low && value <= to->high);
    j = j + 1 < b_count ? j + 1 : 0;
  }
}

void ops_lookup_i8(const int8_t* x, const int8_t* table, int8_t* y, int32_t count) {
  for (int32_t i = 0; i < count; ++i) y[i] = table[x[i] + 128];
}

void ops_merge_channels(const int8_t* frozen, const int8_t* trained, int8_t* y, int32_t rows, int32_t row,
                        const int32_t* channels, int32_t count) {
  memcpy(y, frozen, (size_t)rows * (size_t)row);
  for (int32_t r = 0; r < rows; ++r, y += row, trained += count)
    for (int32_t i = 0; i < count; ++i) y[channels[i]] = trained[i];
}

void ops_take_trained(const int8_t* whole, int8_t* trained, int32_t rows, int32_t row,
                      const int32_t* channels, int32_t count) {
  for (int32_t r = 0; r < rows; ++r, whole += row, trained += count)
    for (int32_t i = 0; i < count; ++i) trained[i] = whole[channels[i]];
}

void ops_copy_rows(const uint8_t* x, size_t x_step, uint8_t* y, size_t y_step, size_t bytes, int32_t rows) {
  for (int32_t r = 0; r < rows; ++r, x += x_step, y += y_step) {
    for (size_t i = 0; i < bytes; ++i) y[i] = x[i];
  }
}

void ops_reorder(const uint8_t* x, uint8_t* y, int32_t count, size_t bytes, const int32_t* from) {
  for (int32_t i = 0; i < count; ++i, y += bytes) {
    const uint8_t* element = x + (size_t)from[i] * bytes;
    for (size_t b = 0; b < bytes; ++b) y[b] = element[b];
  }
}

#ifndef OPS_NO_FLOAT
OPS_KERNEL void ops_mul_input_gradient(const float* gradient, const int8_t* other, int32_t other_zero,
                                       float* y, int32_t count, int32_t other_count) {
  for (int32_t first = 0; first < count; first += other_count) {
    for (int32_t i = 0; i < other_count; ++i)
      y[first + i] = gradient[first + i] * (float)(other[i] - other_zero);
    if (other_count == count) return;
  }
}

OPS_KERNEL void ops_mul_channel_gradient(const float* gradient, const int8_t* other, int32_t other_zero,
                                         float* y, int32_t pixels, int32_t channels) {
  for (int32_t c = 0; c < channels; ++c) y[c] = 0;
  for (int32_t p = 0; p < pixels; ++p, gradient += channels, other += channels) {
    for (int32_t c = 0; c < channels; ++c) y[c] += gradient[c] * (float)(other[c] - other_zero);
  }
}

void ops_lookup_gradient(const int8_t* x, const float* gradient, const float* slopes, float* y,
                         int32_t count) {
  for (int32_t i = 0; i < count; ++i) y[i] = gradient[i] * slopes[x[i] + 128];
}
#endif
