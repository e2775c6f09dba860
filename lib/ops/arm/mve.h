/* The innermost loops on int8 with the vectors of Arm's MVE (Cortex-M55), and the same in plain C, so that
 * kernels written with them run, and are tested, on any machine. Loops are predicated by the hardware: what
 * lies behind the last element is not read. */
#ifndef FRUGAL_OPS_ARM_MVE_H
#define FRUGAL_OPS_ARM_MVE_H

#include "ops/arm/finish.h"

/* Without optimisation compilers keep too many registers to themselves. */
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2) && defined(__OPTIMIZE__)
#define OPS_HAS_MVE 1
#endif

#ifdef OPS_HAS_MVE

/* The sum of `count` numbers, at least one. */
static inline int32_t mve_sum(const int8_t* from, int32_t count) {
  int32_t sum = 0;
  __asm__ volatile(
      "dlstp.8 lr, %[n]\n"
      "1: vldrb.8 q0, [%[from]], #16\n\t"
      "vaddva.s8 %[sum], q0\n\t"
      "letp lr, 1b\n\t"
      : [sum] "+Te"(sum), [from] "+r"(from)
      : [n] "r"(count)
      : "q0", "lr", "memory");
  return sum;
}

/* The sum of `length` products, at least one. */
static inline int32_t mve_product(const int8_t* x, const int8_t* weight, int32_t length) {
  int32_t sum = 0;
  __asm__ volatile(
      "dlstp.8 lr, %[n]\n"
      "1: vldrb.8 q0, [%[x]], #16\n\t"
      "vldrb.8 q1, [%[w]], #16\n\t"
      "vmladava.s8 %[sum], q0, q1\n\t"
      "letp lr, 1b\n\t"
      : [sum] "+Te"(sum), [x] "+r"(x), [w] "+r"(weight)
      : [n] "r"(length)
      : "q0", "q1", "lr", "memory");
  return sum;
}

/* sums[p * apart + o] = start[o] + the products of pixel p and output o, for three pixels and two outputs. */
static inline void mve_three_by_two(const int8_t* const x[3], const int8_t* weight, int32_t length,
                                    const int32_t* start, int32_t* sums, int32_t apart) {
  const int8_t *x_0 = x[0], *x_1 = x[1], *x_2 = x[2], *w_0 = weight, *w_1 = weight + length;
  int32_t a = start[0], b = a, c = a, d = start[1], e = d, f = d;
  register int32_t n __asm__("lr") = length; /* no other register is free for it */
  __asm__ volatile(
      "dlstp.8 lr, %[n]\n"
      "1: vldrb.8 q0, [%[x_0]], #16\n\t"
      "vldrb.8 q1, [%[x_1]], #16\n\t"
      "vldrb.8 q2, [%[x_2]], #16\n\t"
      "vldrb.8 q3, [%[w_0]], #16\n\t"
      "vmladava.s8 %[a], q0, q3\n\t"
      "vldrb.8 q4, [%[w_1]], #16\n\t"
      "vmladava.s8 %[b], q1, q3\n\t"
      "vmladava.s8 %[c], q2, q3\n\t"
      "vmladava.s8 %[d], q0, q4\n\t"
      "vmladava.s8 %[e], q1, q4\n\t"
      "vmladava.s8 %[f], q2, q4\n\t"
      "letp lr, 1b\n\t"
      : [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d), [e] "+Te"(e), [f] "+Te"(f), [x_0] "+r"(x_0),
        [x_1] "+r"(x_1), [x_2] "+r"(x_2), [w_0] "+r"(w_0), [w_1] "+r"(w_1), [n] "+r"(n)
      :
      : "q0", "q1", "q2", "q3", "q4", "memory");
  sums[0] = a, sums[1] = d, sums += apart;
  sums[0] = b, sums[1] = e, sums += apart;
  sums[0] = c, sums[1] = f;
}

/* y[c] = clamp(round(sums[c] * scale[c]) + zero) to int8; offset: zero - OPS_SHIFTER_BITS. */
static inline void mve_finish(const int32_t* sums, const float* scale, int32_t count, int32_t offset,
                              int8_t* y) {
  __asm__ volatile(
      "dlstp.32 lr, %[n]\n"
      "1: vldrw.32 q0, [%[sums]], #16\n\t"
      "vldrw.32 q1, [%[scale]], #16\n\t"
      "vcvt.f32.s32 q0, q0\n\t"
      "vmul.f32 q0, q0, q1\n\t"
      "vadd.f32 q0, q0, %[shifter]\n\t"
      "vqadd.s32 q0, q0, %[offset]\n\t"
      "vqmovnb.s32 q0, q0\n\t"
      "vqmovnb.s16 q0, q0\n\t"
      "vstrb.32 q0, [%[y]], #4\n\t"
      "letp lr, 1b\n\t"
      : [sums] "+r"(sums), [scale] "+r"(scale), [y] "+l"(y)
      : [n] "r"(count), [offset] "r"(offset), [shifter] "r"(OPS_SHIFTER_BITS)
      : "q0", "q1", "lr", "memory");
}

#else

static inline int32_t mve_sum(const int8_t* from, int32_t count) {
  int32_t sum = 0;
  for (int32_t i = 0; i < count; ++i) sum += from[i];
  return sum;
}

static inline int32_t mve_product(const int8_t* x, const int8_t* weight, int32_t length) {
  int32_t sum = 0;
  for (int32_t k = 0; k < length; ++k) sum += x[k] * weight[k];
  return sum;
}

static inline void mve_three_by_two(const int8_t* const x[3], const int8_t* weight, int32_t length,
                                    const int32_t* start, int32_t* sums, int32_t apart) {
  for (int32_t p = 0; p < 3; ++p) {
    for (int32_t o = 0; o < 2; ++o) {
      int32_t sum = start[o];
      for (int32_t k = 0; k < length; ++k) sum += x[p][k] * weight[o * length + k];
      sums[p * apart + o] = sum;
    }
  }
}

#ifndef OPS_NO_FLOAT
static inline void mve_finish(const int32_t* sums, const float* scale, int32_t count, int32_t offset,
                              int8_t* y) {
  for (int32_t c = 0; c < count; ++c)
    y[c] = (int8_t)dsp_clamp_to_byte(ops_scaled_plus(sums[c], scale[c], offset));
}
#endif

#endif

#endif
