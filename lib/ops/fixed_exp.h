/* Exponentials in fixed point, as gemmlowp computes them (TensorFlow Lite's softmax). Q(i) is a number with i
 * whole bits and 31 - i behind the point. */
#ifndef FRUGAL_OPS_FIXED_EXP_H
#define FRUGAL_OPS_FIXED_EXP_H

#include "ops/common.h"

/* exp(a) for a in [-1/4, 0], Q0 to Q0: a Taylor series around -1/8. */
static inline int32_t ops_exp_in_quarter(int32_t a) {
  const int32_t constant = 1895147668, third = 715827883;
  const int32_t x = a + (1 << 28);
  const int32_t x2 = ops_high_product(x, x), x3 = ops_high_product(x2, x), x4 = ops_high_product(x2, x2);
  const int32_t x4_over_4 = ops_divide_by_power(x4, 2);
  const int32_t rest = ops_divide_by_power(ops_high_product(x4_over_4 + x3, third) + x2, 1);
  return ops_saturating_add(constant, ops_high_product(constant, x + rest));
}

/* exp(a) for a <= 0: Q5 to Q0. */
static inline int32_t ops_exp_of_negative(int32_t a) {
  static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  const int32_t quarter = 1 << 24;
  const int32_t in_quarter = (a & (quarter - 1)) - quarter;
  int32_t result = ops_exp_in_quarter((int32_t)((uint32_t)in_quarter << 5));
  const int32_t remainder = in_quarter - a;
  for (int32_t i = 0; i < 7; ++i) {
    if (remainder & (1 << (24 + i))) result = ops_high_product(result, factors[i]);
  }
  return a == 0 ? INT32_MAX : result;
}

#endif
