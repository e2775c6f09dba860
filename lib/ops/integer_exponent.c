/* Shared exponents of gradients, and the small steps of a backward pass that keep or change them. */
#include "ops/common.h"
#include "ops/integer.h"

int32_t ops_sum_shift(int64_t products) {
  int32_t shift = 0;
  while (((int64_t)OPS_EXACT_PART << shift) < products) ++shift;
  return shift;
}

OPS_KERNEL void ops_shared_exponent(const int32_t* sums, int32_t count, const int32_t* before,
                                    int32_t* exponent) {
  uint32_t all = 0; /* as long as the largest: 32 bits at most */
  for (int32_t i = 0; i < count; ++i) {
    const uint32_t v = (uint32_t)sums[i];
    all |= sums[i] < 0 ? 0u - v : v;
  }
  int32_t shift = 0;
  while ((uint64_t)all >> (OPS_MANTISSA_BITS + shift)) ++shift;
  *exponent = (before ? *before : 0) + shift;
}

OPS_KERNEL void ops_narrow(const int32_t* sums, int16_t* y, int32_t count, const int32_t* after,
                           const int32_t* before) {
  const int32_t shift = *after - (before ? *before : 0);
  if (shift == 0) {
    for (int32_t i = 0; i < count; ++i) y[i] = (int16_t)sums[i];
    return;
  }
  for (int32_t i = 0; i < count; ++i) y[i] = (int16_t)ops_min(ops_shift_rounded(sums[i], shift), INT16_MAX);
}

void ops_common_exponent(const int32_t* a_exponent, const int32_t* b_exponent, int32_t* exponent,
                         const ops_branches* how) {
  *exponent = ops_max(*a_exponent + how->a_shift, *b_exponent + how->b_shift);
}

OPS_KERNEL void ops_sum_gradients(const int16_t* a, const int32_t* a_exponent, const int16_t* b,
                                  const int32_t* b_exponent, int32_t* y, const int32_t* exponent,
                                  int32_t count, const ops_branches* how) {
  const int32_t a_down = ops_min(*exponent - *a_exponent - how->a_shift, 31);
  const int32_t b_down = ops_min(*exponent - *b_exponent - how->b_shift, 31);
  for (int32_t i = 0; i < count; ++i) {
    y[i] = ops_shift_rounded(a[i] * how->a_factor, a_down) + ops_shift_rounded(b[i] * how->b_factor, b_down);
  }
}

OPS_KERNEL void ops_mask_gradient_i16(const int16_t* gradient, const uint8_t* mask, int16_t* y,
                                      int32_t count) {
  for (int32_t i = 0; i < count; ++i) y[i] = (int16_t)(ops_mask_bit(mask, (size_t)i) ? gradient[i] : 0);
}

OPS_KERNEL void ops_rescale_gradient_i16(const int16_t* gradient, const int16_t* factor, int32_t* y,
                                         int32_t pixels, int32_t channels) {
  for (int32_t p = 0; p < pixels; ++p, gradient += channels, y += channels) {
    for (int32_t c = 0; c < channels; ++c) y[c] = gradient[c] * factor[c];
  }
}

OPS_KERNEL void ops_accumulate(int32_t* sum, int32_t* exponent, const int16_t* gradient,
                               int32_t gradient_exponent, int32_t count, int32_t room) {
  const int32_t wanted = gradient_exponent - room;
  if (*exponent == OPS_NO_EXPONENT) {
    for (int32_t i = 0; i < count; ++i) sum[i] = 0;
    *exponent = wanted;
  } else if (wanted > *exponent) {
    const int32_t down = ops_min(wanted - *exponent, 31);
    for (int32_t i = 0; i < count; ++i) sum[i] = ops_shift_rounded(sum[i], down);
    *exponent = wanted;
  }
  const int32_t up = gradient_exponent - *exponent; /* at most room */
  if (up >= 0) {
    const int32_t factor = 1 << up;
    for (int32_t i = 0; i < count; ++i) sum[i] += gradient[i] * factor;
  } else {
    const int32_t down = ops_min(-up, 31);
    for (int32_t i = 0; i < count; ++i) sum[i] += ops_shift_rounded(gradient[i], down);
  }
}
