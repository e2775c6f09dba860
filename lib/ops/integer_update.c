/* The update of stored numbers by an integer gradient: products in int64, 32 bits behind the point when they
 * are rounded. */
#include "ops/common.h"
#include "ops/integer.h"

uint32_t ops_rounding_seed(uint32_t seed, uint32_t step) { return ops_hash(seed, step); }

ops_number ops_number_of_rate(int32_t rate) {
  ops_number number = {rate, 31 - OPS_RATE_BITS};
  if (rate <= 0) number.multiplier = number.shift = 0;
  for (; number.multiplier != 0 && number.multiplier < (1 << 30); --number.shift) number.multiplier *= 2;
  return number;
}

/* step * rate, as one multiplier. */
static ops_number product_of(ops_number step, ops_number rate) {
  const ops_number product = {
      (int32_t)(((int64_t)step.multiplier * rate.multiplier + (INT64_C(1) << 30)) >> 31),
      step.shift + rate.shift};
  return product;
}

/* What is taken off a stored number: gradient * by * 2^exponent as a whole number, within 2^30. */
static inline int32_t whole_change(int32_t gradient, ops_number by, int32_t exponent, const ops_update* how,
                                   uint32_t seed, uint32_t place) {
  const int64_t most = INT64_C(1) << 62;
  const int32_t left = by.shift + exponent + 1; /* to 32 bits behind the point */
  int64_t change = (int64_t)gradient * by.multiplier;
  if (left > 0) {
    const int64_t fits = left < 62 ? most >> left : 0;
    change = change > fits ? most : change < -fits ? -most : change * (INT64_C(1) << (left < 62 ? left : 0));
  } else {
    change >>= left > -63 ? -left : 63;
  }
  const uint32_t draw = how->storage == OPS_STOCHASTIC ? ops_hash(seed, how->first + place) : 0x80000000u;
  return (int32_t)((change + (int64_t)draw) >> 32);
}

/* Calls for each gradient with the place of its number in memory and its output channel's step. The kernels
 * take a sum over a batch in int32 or one image's mantissas; both give one result for one image. */
#define FOR_EACH_NUMBER(body)                                                              \
  for (int32_t o = 0; o < how->outer; ++o) {                                               \
    for (int32_t place = 0; place < how->places; ++place, gradient += how->trained) {      \
      const int32_t start = (o * how->places + place) * how->inner;                        \
      ops_number by = product_of(step[how->channels_inside ? 0 : o], *rate);               \
      for (int32_t i = 0; i < how->trained; ++i) {                                         \
        const int32_t inner = how->channels ? how->channels[i] : i;                        \
        const int32_t at = start + inner;                                                  \
        if (how->channels_inside) by = product_of(step[inner], *rate);                     \
        const uint32_t draw = (uint32_t)((o * how->places + place) * how->trained + i);    \
        const int32_t change = whole_change(gradient[i], by, *exponent, how, *seed, draw); \
        body                                                                               \
      }                                                                                    \
    }                                                                                      \
  }

#define UPDATE(name, type, gradient_type, body)                                                            \
  void name(type* number /* NOLINT(bugprone-macro-parentheses) */, const gradient_type* gradient,          \
            const int32_t* exponent, const ops_number* step, const ops_number* rate, const uint32_t* seed, \
            const ops_update* how) {                                                                       \
    FOR_EACH_NUMBER(number[at] = body;)                                                                    \
  }

UPDATE(ops_update_integer_i8, int8_t, int32_t, (int8_t)ops_clamp(number[at] - change, -127, 127))
UPDATE(ops_update_integer_i16, int16_t, int32_t, (int16_t)ops_clamp(number[at] - change, -32767, 32767))
UPDATE(ops_update_integer_i32, int32_t, int32_t, ops_saturating_add(number[at], -change))
UPDATE(ops_update_mantissas_i8, int8_t, int16_t, (int8_t)ops_clamp(number[at] - change, -127, 127))
UPDATE(ops_update_mantissas_i16, int16_t, int16_t, (int16_t)ops_clamp(number[at] - change, -32767, 32767))
UPDATE(ops_update_mantissas_i32, int32_t, int16_t, ops_saturating_add(number[at], -change))
