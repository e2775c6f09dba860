/* From the sums of convolutions to int8. */
#include "ops/arm/finish.h"

#ifndef OPS_NO_FLOAT
/* All four pixels, clamped to all of int8: the way of most layers. With `keep` the values stay in sums. */
static inline void finish_floats(int32_t* sums, const float* scale, int32_t channels, int8_t* y, size_t apart,
                                 int32_t zero, int keep) {
  const int32_t offset = zero - OPS_SHIFTER_BITS;
  int8_t *at_a = y, *at_b = y + apart, *at_c = y + 2 * apart, *at_d = y + 3 * apart;
  for (const int32_t* end = sums + (ptrdiff_t)(4 * channels); sums != end; sums += 4) {
    const float by = *scale++;
    const int32_t a = ops_scaled_plus(sums[0], by, offset), b = ops_scaled_plus(sums[1], by, offset);
    const int32_t c = ops_scaled_plus(sums[2], by, offset), d = ops_scaled_plus(sums[3], by, offset);
    if (keep) sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
    *at_a++ = (int8_t)dsp_clamp_to_byte(a);
    *at_b++ = (int8_t)dsp_clamp_to_byte(b);
    *at_c++ = (int8_t)dsp_clamp_to_byte(c);
    *at_d++ = (int8_t)dsp_clamp_to_byte(d);
  }
}
#endif

/* The bits of one pixel's channels, from bit `first` on; values four apart. */
static void write_bits(const int32_t* values, int32_t channels, uint8_t* mask, size_t first, int32_t low,
                       int32_t high) {
  const uint32_t span = (uint32_t)(high - low);
  int32_t c = 0;
  if (first % 8 == 0) {
    uint8_t* to = mask + first / 8;
    for (; c + 8 <= channels; c += 8, values += 32) {
      uint32_t bits = 0;
      for (int32_t i = 7; i >= 0; --i)
        bits = 2 * bits + ((uint32_t)values[(ptrdiff_t)(4 * i)] - (uint32_t)low <= span);
      *to++ = (uint8_t)bits;
    }
  }
  for (; c < channels; ++c, values += 4)
    ops_set_mask_bit(mask, first + (size_t)c, *values >= low && *values <= high);
}

void ops_finish_four(int32_t* sums, int32_t channel, int32_t channels, int32_t count, int8_t* y,
                     uint8_t* mask, size_t first, size_t apart, const ops_requantize* to) {
  const int32_t low = to->low, high = to->high;
  int done = 0;
#ifndef OPS_NO_FLOAT
  if (to->rounding == OPS_FLOAT32_HALF_EVEN && count == 4 && low == -128 && high == 127) {
    if (!mask) {
      finish_floats(sums, to->scale + channel, channels, y + first, apart, to->out_zero, 0);
      return;
    }
    finish_floats(sums, to->scale + channel, channels, y + first, apart, to->out_zero, 1);
    done = 1;
  }
#endif
  if (!done) {
    for (int32_t c = 0; c < channels; ++c) {
      for (int32_t p = 0; p < count; ++p) {
        const int32_t value = ops_rescaled(sums[4 * c + p], channel + c, to) + to->out_zero;
        y[first + (size_t)p * apart + (size_t)c] = (int8_t)ops_clamp(value, low, high);
        sums[4 * c + p] = value;
      }
    }
  }
  for (int32_t p = 0; mask && p < count; ++p)
    write_bits(sums + p, channels, mask, first + (size_t)p * apart, low, high);
}
