/* What the kernels share: rounding, clamping, masks. */
#ifndef FRUGAL_OPS_COMMON_H
#define FRUGAL_OPS_COMMON_H

#include "ops/ops.h"

/* What would change bits is refused when it is compiled: floats computed in a wider format (x87; 16 is that
 * of machines with half floats, where a float stays one), and flags that reorder sums or lose subnormal
 * numbers. */
#ifndef OPS_NO_FLOAT
#include <float.h>
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error \
    "these kernels need floats computed as floats (FLT_EVAL_METHOD 0): on 32-bit x86 give -msse2 -mfpmath=sse"
#endif
#ifdef __FAST_MATH__
#error "these kernels keep the order of sums: compile them without -ffast-math"
#endif
#endif

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

/* v / 2^shift, halves up. */
static inline int32_t ops_shift_rounded(int32_t v, int32_t shift) {
  return shift == 0 ? v : (v >> shift) + ((v >> (shift - 1)) & 1);
}

/* A hash of seed and place (the finaliser of MurmurHash3): what stochastic rounding draws, the same
 * everywhere. */
static inline uint32_t ops_hash(uint32_t seed, uint32_t place) {
  uint32_t h = seed ^ (place * 0x9e3779b1u);
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  return h ^ (h >> 16);
}

/* OPS_NO_FLOAT leaves out what computes in float: for processors without it, where every node rounds
 * otherwise. */
#ifndef OPS_NO_FLOAT
/* Nearest whole number, halves to even, of a value clamped to +-2^22: adding 1.5 * 2^23 leaves no bits behind
 * the point. */
static inline int32_t ops_round(float v) {
  const float limit = 4194304.0f, shifter = 12582912.0f;
  v = v > -limit ? v : -limit; /* NaN too */
  v = v < limit ? v : limit;
  const float moved = v + shifter;
  return (int32_t)(moved - shifter);
}
#endif

/* Without a branch, so that loops of it are vectorised: the sum overflows where both signs differ from its
 * own. */
static inline int32_t ops_saturating_add(int32_t a, int32_t b) {
  const uint32_t sum = (uint32_t)a + (uint32_t)b;
  const int32_t over = (int32_t)(((uint32_t)a ^ sum) & ((uint32_t)b ^ sum));
  return over < 0 ? (a >> 31) ^ INT32_MAX : (int32_t)sum;
}

/* gemmlowp's SaturatingRoundingDoublingHighMul: a * b / 2^31, halves up (-0.5 gives 0). */
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

/* v * 2^left for left in [0, 31), saturated: what follows is clamped to int8, so that the sign is kept where
 * TensorFlow Lite's shift overflows. */
static inline int32_t ops_saturating_shift(int32_t v, int32_t left) {
  const int64_t moved = (int64_t)v * (INT64_C(1) << left);
  return moved > INT32_MAX ? INT32_MAX : moved < INT32_MIN ? INT32_MIN : (int32_t)moved;
}

/* v * multiplier * 2^(shift - 31), rounded twice, as TensorFlow Lite does. */
static inline int32_t ops_scale_twice_rounded(int32_t v, int32_t multiplier, int32_t shift) {
  if (shift > 0) return ops_high_product(ops_saturating_shift(v, shift), multiplier);
  return ops_divide_by_power(ops_high_product(v, multiplier), -shift);
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
#ifndef OPS_NO_FLOAT
    case OPS_FLOAT32_HALF_EVEN:
      return ops_round((float)sum * to->scale[channel]);
#endif
    default:
      return ops_scale_once_rounded(sum, to->multiplier[channel], to->shift[channel]);
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

/* Where the first largest value of channel c in a pool's window lies. */
static inline size_t ops_max_pool_place(const int8_t* x, int32_t oy, int32_t ox, int32_t c,
                                        const ops_window* w) {
  int32_t most = -129;
  size_t place = 0;
  for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
    const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
    for (int32_t kx = 0; kx < w->kernel_width && iy >= 0; ++kx) {
      const int32_t ix = ops_place(ox, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width);
      if (ix < 0) continue;
      const size_t at = ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)w->in_channels + (size_t)c;
      if (x[at] > most) most = (int32_t)x[at], place = at;
    }
  }
  return place;
}

/* The other way: the output place that reads input place i through kernel row (or column) k, or -1. */
static inline int32_t ops_reader(int32_t i, int32_t k, int32_t stride, int32_t pad, int32_t dilation,
                                 int32_t size) {
  const int32_t o = i + pad - k * dilation;
  return o >= 0 && o % stride == 0 && o / stride < size ? o / stride : -1;
}

/* Between `count` channels of an image of so many channels, from the first of them on, and an image of these
 * alone. */
static inline void ops_take_channels(const float* from, float* to, size_t pixels, int32_t channels,
                                     int32_t count) {
  for (size_t p = 0; p < pixels; ++p, from += channels, to += count)
    for (int32_t c = 0; c < count; ++c) to[c] = from[c];
}
static inline void ops_put_channels(const float* from, float* to, size_t pixels, int32_t channels,
                                    int32_t count) {
  for (size_t p = 0; p < pixels; ++p, from += count, to += channels)
    for (int32_t c = 0; c < count; ++c) to[c] = from[c];
}

/* The window of output rows [row, row + count) over the rows of the image that they read, the first of which
 * is *begin. */
static inline ops_window ops_window_of_rows(const ops_window* w, int32_t row, int32_t count, int32_t* begin) {
  const int32_t top = row * w->stride_height - w->pad_top;
  const int32_t bottom =
      top + (count - 1) * w->stride_height + (w->kernel_height - 1) * w->dilation_height + 1;
  ops_window some = *w;
  *begin = ops_clamp(top, 0, w->in_height);
  some.in_height = ops_max(ops_min(bottom, w->in_height) - *begin, 0);
  some.out_height = count;
  some.pad_top = *begin - top;
  return some;
}

#endif
