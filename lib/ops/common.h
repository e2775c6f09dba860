/* What the kernels share: rounding, clamping, masks. */
#ifndef FRUGAL_OPS_COMMON_H
#define FRUGAL_OPS_COMMON_H

#include "ops/ops.h"

/* The host builds a kernel for several instruction sets; integers and unfused floats give one result on all.
 */
#ifndef OPS_KERNEL
#define OPS_KERNEL
#endif

static inline int32_t ops_min(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t ops_max(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t ops_clamp(int32_t v, int32_t low, int32_t high) {
  return ops_min(ops_max(v, low), high);
}

/* Nearest whole number, halves to even, of a value clamped to +-2^22: adding 1.5 * 2^23 leaves no bits behind
 * the point. */
static inline int32_t ops_round(float v) {
  const float limit = 4194304.0f, shifter = 12582912.0f;
  v = v > -limit ? v : -limit; /* NaN too */
  v = v < limit ? v : limit;
  const float moved = v + shifter;
  return (int32_t)(moved - shifter);
}

/* Without a branch, so that loops of it are vectorised: the sum overflows where both signs differ from its
 * own. */
static inline int32_t ops_saturating_add(int32_t a, int32_t b) {
  const uint32_t sum = (uint32_t)a + (uint32_t)b;
  const int32_t over = (int32_t)(((uint32_t)a ^ sum) & ((uint32_t)b ^ sum));
  return over < 0 ? (a >> 31) ^ INT32_MAX : (int32_t)sum;
}

/* gemmlowp's SaturatingRoundingDoublingHighMul: a * b / 2^31, halves away from zero. */
static inline int32_t ops_high_product(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  const int64_t product = (int64_t)a * b;
  const int64_t nudge = product >= 0 ? (INT64_C(1) << 30) : (1 - (INT64_C(1) << 30));
  return (int32_t)((product + nudge) / (INT64_C(1) << 31));
}

/* v / 2^exponent, halves away from zero. */
static inline int32_t ops_divide_by_power(int32_t v, int32_t exponent) {
  const int32_t bits = (int32_t)((INT64_C(1) << exponent) - 1);
  const int32_t remainder = v & bits;
  const int32_t threshold = (bits >> 1) + (v < 0 ? 1 : 0);
  return (v >> exponent) + (remainder > threshold ? 1 : 0);
}

/* v * multiplier * 2^(shift - 31), rounded twice, as TensorFlow Lite does. */
static inline int32_t ops_scale_twice_rounded(int32_t v, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
  return ops_divide_by_power(ops_high_product((int32_t)((uint32_t)v << left), multiplier), right);
}

/* The same rounded once, halves up. */
static inline int32_t ops_scale_once_rounded(int32_t v, int32_t multiplier, int32_t shift) {
  const int32_t right = 31 - shift; /* in [1, 62]: a scale is below 2^30 */
  const int64_t product = (int64_t)v * multiplier;
  const int64_t rounded = (product + (INT64_C(1) << (right - 1))) >> right;
  return rounded > INT32_MAX ? INT32_MAX : rounded < INT32_MIN ? INT32_MIN : (int32_t)rounded;
}

static inline int32_t ops_rescaled(int32_t sum, int32_t channel, const ops_requantize* to) {
  switch (to->rounding) {
    case OPS_TFLITE:
      return ops_scale_twice_rounded(sum, to->multiplier[channel], to->shift[channel]);
    case OPS_INTEGER:
      return ops_scale_once_rounded(sum, to->multiplier[channel], to->shift[channel]);
    default:
      return ops_round((float)sum * to->scale[channel]);
  }
}

/* Writes one pixel: sums of `channels` (bias in them) to int8, and their mask's bits from bit `first` on. */
void ops_write_pixel(const int32_t* sums, int32_t channels, int8_t* y, uint8_t* mask, size_t first,
                     const ops_requantize* to);

static inline int ops_mask_bit(const uint8_t* mask, size_t i) { return (mask[i >> 3] >> (i & 7)) & 1; }

static inline void ops_set_mask_bit(uint8_t* mask, size_t i, int value) {
  const uint8_t bit = (uint8_t)(1u << (i & 7));
  mask[i >> 3] = (uint8_t)(value ? (mask[i >> 3] | bit) : (mask[i >> 3] & (uint8_t)~bit));
}

/* Where kernel row (or column) k of output place o reads, or -1 in the padding. */
static inline int32_t ops_place(int32_t o, int32_t k, int32_t stride, int32_t pad, int32_t dilation,
                                int32_t size) {
  const int32_t i = o * stride - pad + k * dilation;
  return i >= 0 && i < size ? i : -1;
}

/* The other way: the output place that reads input place i through kernel row (or column) k, or -1. */
static inline int32_t ops_reader(int32_t i, int32_t k, int32_t stride, int32_t pad, int32_t dilation,
                                 int32_t size) {
  const int32_t o = i + pad - k * dilation;
  return o >= 0 && o % stride == 0 && o / stride < size ? o / stride : -1;
}

#endif
