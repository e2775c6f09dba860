/* From the sums of convolutions to int8: rounding, zero point, clamp, mask. */
#ifndef FRUGAL_OPS_ARM_FINISH_H
#define FRUGAL_OPS_ARM_FINISH_H

#include "ops/arm/dsp.h"

/* Adding 1.5 * 2^23 leaves a number's nearest whole one, halves to even, in its last bits: the bits as an
 * integer less those of 1.5 * 2^23 are it. Beyond +-2^22, infinities too, what comes out lies further out on
 * the same side. (No NaN comes here: scales are finite.) */
#define OPS_SHIFTER 12582912.0f
#define OPS_SHIFTER_BITS 0x4B400000

#ifndef OPS_NO_FLOAT
/* round(value) + zero; `offset` is zero - OPS_SHIFTER_BITS. */
static inline int32_t ops_nearest_plus(float value, int32_t offset) {
  const float moved = value + OPS_SHIFTER;
  int32_t bits;
  memcpy(&bits, &moved, sizeof bits);
  return dsp_saturating_add(bits, offset);
}
/* round(sum * scale) + zero */
static inline int32_t ops_scaled_plus(int32_t sum, float scale, int32_t offset) {
  return ops_nearest_plus((float)sum * scale, offset);
}
#endif

/* Sums of products below 2^30 and a bias below it add up within int32, in any order. */
static inline int ops_bias_is_small(int32_t bias, int32_t length) {
  const int32_t small = 1 << 30;
  return length < small / (255 * 128) && bias > -small && bias < small;
}

/* Writes the sums of `channels` output channels, from `channel` on, at four pixels, sums[channel][pixel], of
 * which the first `count` are there; first: the place of the first in y and mask. The sums are lost. */
void ops_finish_four(int32_t* sums, int32_t channel, int32_t channels, int32_t count, int8_t* y,
                     uint8_t* mask, size_t first, size_t apart, const ops_requantize* to);

#endif
