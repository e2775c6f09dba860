/* Gradients of products and of activations by a table, in whole numbers. */
#include "ops/common.h"
#include "ops/integer.h"

OPS_KERNEL void ops_mul_input_gradient_i16(const int16_t* gradient, const int8_t* other, int32_t other_zero,
                                           int32_t* y, int32_t count, int32_t other_count) {
  for (int32_t first = 0; first < count; first += other_count) {
    for (int32_t i = 0; i < other_count; ++i) y[first + i] = gradient[first + i] * (other[i] - other_zero);
  }
}

/* A part: OPS_EXACT_PART pixels. */
void ops_mul_channel_gradient_i16(const int16_t* gradient, const int8_t* other, int32_t other_zero,
                                  int32_t* y, int32_t pixels, int32_t channels, int32_t down) {
  for (int32_t c = 0; c < channels; ++c) {
    y[c] = 0;
    for (int32_t first = 0; first < pixels; first += OPS_EXACT_PART) {
      int32_t part = 0;
      for (int32_t p = first; p < ops_min(pixels, first + OPS_EXACT_PART); ++p) {
        const size_t at = (size_t)p * (size_t)channels + (size_t)c;
        part += gradient[at] * (other[at] - other_zero);
      }
      y[c] += ops_shift_rounded(part, down);
    }
  }
}

void ops_lookup_gradient_i16(const int8_t* x, const int16_t* gradient, const int16_t* slopes, int32_t* y,
                             int32_t count) {
  for (int32_t i = 0; i < count; ++i) y[i] = gradient[i] * slopes[x[i] + 128];
}
