/* From sums in int32 to int8, and between int8 of two scales and float. */
#include "ops/common.h"

static void write_mask(const int32_t* values, int32_t count, uint8_t* mask, size_t first, int32_t low,
                       int32_t high) {
  int32_t c = 0;
  if (first % 8 == 0) {
    for (; c + 8 <= count; c += 8) {
      uint32_t bits = 0;
      for (int32_t i = 0; i < 8; ++i) bits |= (uint32_t)(values[c + i] >= low && values[c + i] <= high) << i;
      mask[(first + (size_t)c) / 8] = (uint8_t)bits;
    }
  }
  for (; c < count; ++c) ops_set_mask_bit(mask, first + (size_t)c, values[c] >= low && values[c] <= high);
}

OPS_KERNEL void ops_write_pixel(const int32_t* sums, int32_t channels, int8_t* y, uint8_t* mask, size_t first,
                                const ops_requantize* to) {
  const int32_t zero = to->out_zero, low = to->low, high = to->high;
  int32_t values[64];
  for (int32_t start = 0; start < channels; start += 64) {
    const int32_t count = ops_min(64, channels - start);
#ifndef OPS_NO_FLOAT
    if (to->rounding == OPS_FLOAT32_HALF_EVEN) {
      for (int32_t c = 0; c < count; ++c)
        values[c] = ops_round((float)sums[start + c] * to->scale[start + c]) + zero;
    } else
#endif
    {
      for (int32_t c = 0; c < count; ++c) values[c] = ops_rescaled(sums[start + c], start + c, to) + zero;
    }
    for (int32_t c = 0; c < count; ++c) y[start + c] = (int8_t)ops_clamp(values[c], low, high);
    if (mask) write_mask(values, count, mask, first + (size_t)start, low, high);
  }
}

void ops_requantize_i8(const int8_t* x, int8_t* y, uint8_t* mask, int32_t count, const ops_requantize* to) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t value = ops_rescaled(x[i] - to->in_zero, 0, to) + to->out_zero;
    y[i] = (int8_t)ops_clamp(value, to->low, to->high);
    if (mask) ops_set_mask_bit(mask, (size_t)i, value >= to->low && value <= to->high);
  }
}

#ifndef OPS_NO_FLOAT
void ops_dequantize(const int8_t* x, float* y, int32_t count, float scale, int32_t zero) {
  for (int32_t i = 0; i < count; ++i) y[i] = (float)(x[i] - zero) * scale;
}

/* Halves away from zero: a half that went to the even number below is half a step short. */
static int32_t round_away(float v) {
  const int32_t even = ops_round(v);
  const float rest = v - (float)even;
  return even + (v > 0.0f && rest == 0.5f ? 1 : v < 0.0f && rest == -0.5f ? -1 : 0);
}

void ops_quantize(const float* x, int8_t* y, int32_t count, float scale, int32_t zero, int32_t rounding) {
  for (int32_t i = 0; i < count; ++i) {
    const float steps = x[i] / scale;
    const int32_t whole = rounding == OPS_TFLITE ? round_away(steps) : ops_round(steps);
    y[i] = (int8_t)ops_clamp(whole + zero, -128, 127);
  }
}
#endif
