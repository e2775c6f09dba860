/* Softmax in fixed point, as TensorFlow Lite's reference kernel computes it with gemmlowp. Q(i): see
 * ops/fixed_exp.h. */
#include "ops/fixed_exp.h"

/* 1 / (1 + a) for a in [0, 1], Q0 to Q0: three Newton steps from 48/17 - 32/17 * (1 + a) / 2. */
static int32_t one_over_one_plus(int32_t a) {
  const int64_t sum = (int64_t)a + INT32_MAX;
  const int32_t half = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
  int32_t x = 1515870810 + ops_high_product(half, -1010580540); /* Q2 */
  for (int32_t i = 0; i < 3; ++i) {
    const int32_t product = ops_high_product(half, x);
    const int32_t error = (1 << 29) - product;
    const int64_t step = (int64_t)ops_high_product(x, error) * 4;
    x += step > INT32_MAX ? INT32_MAX : step < INT32_MIN ? INT32_MIN : (int32_t)step;
  }
  const int64_t doubled = (int64_t)x * 2; /* Q2 of x / 2 is Q1; to Q0 */
  return doubled > INT32_MAX ? INT32_MAX : doubled < INT32_MIN ? INT32_MIN : (int32_t)doubled;
}

void ops_softmax_i8(const int8_t* x, int8_t* y, int32_t rows, int32_t columns, int32_t multiplier,
                    int32_t shift, int32_t least_difference) {
  for (int32_t r = 0; r < rows; ++r, x += columns, y += columns) {
    int32_t most = -128;
    for (int32_t c = 0; c < columns; ++c) most = ops_max(most, x[c]);
    int32_t sum = 0; /* Q12 */
    for (int32_t c = 0; c < columns; ++c) {
      const int32_t difference = x[c] - most;
      if (difference < least_difference) continue;
      const int32_t scaled = ops_high_product(difference * (1 << shift), multiplier);
      sum += ops_divide_by_power(ops_exp_of_negative(scaled), 12);
    }
    int32_t headroom = 0;
    for (uint32_t bits = (uint32_t)sum; headroom < 32 && !(bits & 0x80000000u); bits <<= 1) ++headroom;
    const int32_t over_unit = 12 - headroom;
    const int32_t shifted = (int32_t)(((uint32_t)sum << headroom) - 0x80000000u);
    const int32_t scale = one_over_one_plus(shifted);
    for (int32_t c = 0; c < columns; ++c) {
      const int32_t difference = x[c] - most;
      int32_t value = -128;
      if (difference >= least_difference) {
        const int32_t scaled = ops_high_product(difference * (1 << shift), multiplier);
        value =
            ops_divide_by_power(ops_high_product(scale, ops_exp_of_negative(scaled)), over_unit + 31 - 8) -
            128;
      }
      y[c] = (int8_t)ops_clamp(value, -128, 127);
    }
  }
}
