/* The update of stored numbers by a gradient. */
#include "ops/common.h"

/* 24 bits of the hash: uniform in [0, 1). */
static float uniform(uint32_t seed, uint32_t place) {
  return (float)(ops_hash(seed, place) >> 8) * 5.9604644775390625e-8f;
}

/* The largest whole number not above v, of |v| < 2^22. */
static int32_t floor_of(float v) {
  const int32_t near = ops_round(v);
  return (float)near > v ? near - 1 : near;
}

static float limited(float change) {
  const float most = 2097152.0f;
  change = change > -most ? change : -most; /* NaN too */
  return change < most ? change : most;
}

/* What is taken off a stored number: a whole number. Rounding the change instead of the sum keeps it small,
 * whatever the stored number is. */
static int32_t whole_change(float change, int32_t storage, uint32_t seed, uint32_t place) {
  const float c = limited(change);
  switch (storage) {
    case OPS_STOCHASTIC:
      return floor_of(c + uniform(seed, place));
    case OPS_TRUNCATE:
      return (int32_t)c;
    default:
      return ops_round(c);
  }
}

static int8_t updated(int8_t weight, float change, const ops_update* how, uint32_t seed, uint32_t at) {
  if (how->storage == OPS_TRUNCATE) return (int8_t)(uint8_t)(int32_t)((float)weight - limited(change));
  return (int8_t)ops_clamp(weight - whole_change(change, how->storage, seed, how->first + at), -127, 127);
}

/* `count` weights that lie side by side, rounded stochastically. */
static inline void update_run(int8_t* restrict weight, const float* restrict gradient,
                              const float* restrict factor, float rate, int32_t same_factor, int32_t count,
                              uint32_t seed, uint32_t first) {
  for (int32_t i = 0; i < count; ++i) {
    const float change = limited(rate * (same_factor ? factor[0] : factor[i]) * gradient[i]);
    const int32_t whole = floor_of(change + uniform(seed, first + (uint32_t)i));
    weight[i] = (int8_t)ops_clamp(weight[i] - whole, -127, 127);
  }
}

OPS_KERNEL void ops_update_i8(int8_t* weight, const float* gradient, const float* factor, const float* rate,
                              const uint32_t* seed, const ops_update* how) {
  for (int32_t o = 0; o < how->outer; ++o) {
    for (int32_t place = 0; place < how->places; ++place, gradient += how->trained) {
      const int32_t start = (o * how->places + place) * how->inner;
      if (how->storage == OPS_STOCHASTIC && !how->channels) {
        const float* factors = how->channels_inside ? factor : factor + o;
        const uint32_t first = how->first + (uint32_t)start;
        if (how->channels_inside) {
          update_run(weight + start, gradient, factors, *rate, 0, how->trained, *seed, first);
        } else {
          update_run(weight + start, gradient, factors, *rate, 1, how->trained, *seed, first);
        }
        continue;
      }
      for (int32_t i = 0; i < how->trained; ++i) {
        const int32_t inner = how->channels ? how->channels[i] : i;
        const int32_t at = start + inner;
        const float change = *rate * factor[how->channels_inside ? inner : o] * gradient[i];
        const int32_t number = (o * how->places + place) * how->trained + i; /* of the gradients */
        weight[at] = updated(weight[at], change, how, *seed, (uint32_t)number);
      }
    }
  }
}

void ops_update_i32(int32_t* bias, const float* gradient, const float* factor, const float* rate,
                    const uint32_t* seed, const ops_update* how) {
  for (int32_t i = 0; i < how->inner; ++i) {
    float f = factor[i];
    if (how->numerator != 0 && f != 0) f = how->numerator / (f * f);
    const int32_t change =
        whole_change(*rate * f * gradient[i], how->storage, *seed, how->first + (uint32_t)i);
    bias[i] = ops_saturating_add(bias[i], -change);
  }
}

OPS_KERNEL void ops_update_f32(float* weight, const float* gradient, const float* rate, int32_t count) {
  for (int32_t i = 0; i < count; ++i) weight[i] -= *rate * gradient[i];
}
