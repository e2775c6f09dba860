/* Head and loss in whole numbers. Sums over features and classes are in int64: the head is small. */
#include "ops/fixed_exp.h"
#include "ops/integer.h"

static int32_t saturated(int64_t v) {
  return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

/* v / 2^down, halves up, saturated. */
static int32_t shifted(int64_t v, int32_t down) {
  return saturated(down == 0 ? v : (v + (INT64_C(1) << (down - 1))) >> down);
}

void ops_fully_connected_i16(const int8_t* x, const int16_t* weight, const int32_t* bias, int32_t* y,
                             int32_t in, int32_t out, int32_t x_zero, int32_t down) {
  for (int32_t o = 0; o < out; ++o, weight += in) {
    int64_t sum = bias ? bias[o] : 0;
    for (int32_t i = 0; i < in; ++i) sum += (int64_t)((x[i] - x_zero) * weight[i]);
    y[o] = shifted(sum, down);
  }
}

static int32_t largest(const int32_t* logits, int32_t classes) {
  int32_t most = logits[0];
  for (int32_t c = 1; c < classes; ++c) most = ops_max(most, logits[c]);
  return most;
}

/* logit - most as a number with 26 bits behind the point, at most 0. */
static int64_t difference(int32_t logit, int32_t most, const ops_logits* how) {
  const int64_t apart = (int64_t)logit - most;
  const int32_t right = 31 - how->shift; /* in [1, 62] */
  const int64_t product = (apart < INT32_MIN ? INT32_MIN : apart) * how->multiplier;
  return (product + (INT64_C(1) << (right - 1))) >> right;
}

/* exp(logit - most), 1 is 2^31 - 1. */
static uint32_t exponential(int32_t logit, int32_t most, const ops_logits* how) {
  if ((int64_t)logit - most < how->least) return 0;
  return (uint32_t)ops_exp_of_negative((int32_t)difference(logit, most, how));
}

static uint64_t sum_of_exponentials(const int32_t* logits, int32_t most, int32_t classes,
                                    const ops_logits* how) {
  uint64_t sum = 0;
  for (int32_t c = 0; c < classes; ++c) sum += exponential(logits[c], most, how);
  return sum;
}

/* log(v / 2^31) for v >= 2^31 - 1: the whole part of the logarithm to base 2 by shifts, 16 bits behind its
 * point by squaring. */
static int32_t logarithm(uint64_t v) {
  int32_t whole = 0;
  while (v >> 32) {
    v >>= 1;
    ++whole;
  }
  if (v < UINT64_C(0x80000000)) return 0;
  int64_t base_two = whole;
  for (int32_t bit = 0; bit < OPS_LOSS_BITS; ++bit) {
    v = (v * v) >> 31;
    base_two = base_two * 2 + (v >> 32 ? 1 : 0);
    if (v >> 32) v >>= 1;
  }
  return (int32_t)((base_two * 45426 + (1 << 15)) >> 16); /* ln 2 is 45426 / 2^16 */
}

void ops_cross_entropy_i32(const int32_t* logits, const int32_t* label, int32_t* loss, int32_t classes,
                           const ops_logits* how) {
  const int32_t most = largest(logits, classes);
  const int64_t apart = difference(logits[*label], most, how) >> (26 - OPS_LOSS_BITS);
  *loss = saturated(logarithm(sum_of_exponentials(logits, most, classes, how)) - apart);
}

void ops_cross_entropy_gradient_i32(const int32_t* logits, const int32_t* label, int32_t* gradient,
                                    int32_t classes, const ops_logits* how) {
  const int32_t most = largest(logits, classes);
  const uint64_t sum = sum_of_exponentials(logits, most, classes, how);
  int32_t others = 0;
  for (int32_t c = 0; c < classes; ++c) {
    if (c == *label) continue;
    const uint64_t e = exponential(logits[c], most, how);
    gradient[c] = (int32_t)((e << OPS_PROBABILITY_BITS) / sum);
    others += gradient[c];
  }
  gradient[*label] = -others;
}

void ops_fully_connected_input_gradient_i16(const int16_t* gradient, const int16_t* weight, int32_t* y,
                                            int32_t in, int32_t out, int32_t down) {
  for (int32_t i = 0; i < in; ++i) {
    int64_t sum = 0;
    for (int32_t o = 0; o < out; ++o)
      sum += (int64_t)(gradient[o] * weight[(size_t)o * (size_t)in + (size_t)i]);
    y[i] = shifted(sum, down);
  }
}
