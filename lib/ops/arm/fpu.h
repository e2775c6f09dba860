/* The innermost loops of gradients in float for processors of Arm with single-precision registers (Cortex-M4,
 * M7, M55), and the same in plain C, so that kernels written with them run, and are tested, on any machine.
 *
 * Many registers are loaded by one instruction, sums stay in registers, and each product and each sum is
 * rounded by itself, in the order of the plain kernels: the same bits. */
#ifndef FRUGAL_OPS_ARM_FPU_H
#define FRUGAL_OPS_ARM_FPU_H

#include "ops/common.h"

/* Without optimisation compilers keep too many registers to themselves. */
#if defined(__ARM_FP) && (__ARM_FP & 4) && defined(__thumb2__) && defined(__OPTIMIZE__)
#define OPS_HAS_FPU 1
#endif

/* A tile: what four of one thing and four of another have in common. */
enum { fpu_tile = 4 };

#ifdef OPS_HAS_FPU

#define FPU_REGISTERS                                                                                   \
  "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", \
      "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", \
      "s30", "s31"

/* Four sums += one number times four. */
#define FPU_ROW(sum_0, sum_1, sum_2, sum_3, one, four_0, four_1, four_2, four_3) \
  "vmul.f32 s28, " one ", " four_0                                               \
  "\n\t"                                                                         \
  "vmul.f32 s29, " one ", " four_1                                               \
  "\n\t"                                                                         \
  "vmul.f32 s30, " one ", " four_2                                               \
  "\n\t"                                                                         \
  "vmul.f32 s31, " one ", " four_3                                               \
  "\n\t"                                                                         \
  "vadd.f32 " sum_0 ", " sum_0                                                   \
  ", s28\n\t"                                                                    \
  "vadd.f32 " sum_1 ", " sum_1                                                   \
  ", s29\n\t"                                                                    \
  "vadd.f32 " sum_2 ", " sum_2                                                   \
  ", s30\n\t"                                                                    \
  "vadd.f32 " sum_3 ", " sum_3 ", s31\n\t"

/* A tile of sums in s0 to s15 += four numbers (its rows) times four. */
#define FPU_TILE(row_0, row_1, row_2, row_3, column_0, column_1, column_2, column_3) \
  FPU_ROW("s0", "s1", "s2", "s3", row_0, column_0, column_1, column_2, column_3)     \
  FPU_ROW("s4", "s5", "s6", "s7", row_1, column_0, column_1, column_2, column_3)     \
  FPU_ROW("s8", "s9", "s10", "s11", row_2, column_0, column_1, column_2, column_3)   \
  FPU_ROW("s12", "s13", "s14", "s15", row_3, column_0, column_1, column_2, column_3)

/* `count` turns (at least one) of `turn`, two in a round; an odd number begins in the middle. */
#define FPU_TURNS(count, turn)                         \
  "lsrs " count ", " count                             \
  ", #1\n\t"                                           \
  "bcc 1f\n\t"                                         \
  "add " count ", " count                              \
  ", #1\n\t"                                           \
  "b 2f\n"                                             \
  "1:\n\t" turn "2:\n\t" turn "subs " count ", " count \
  ", #1\n\t"                                           \
  "bne 1b\n\t"

/* Rows of four bytes that lie `apart`, at least one, as floats; rows of these lie to_apart floats. */
static inline void fpu_widen_rows(const int8_t* from, size_t apart, int32_t rows, float* to,
                                  int32_t to_apart) {
  int32_t a, b, c, d;
  __asm__ volatile(
      "1:\n\t"
      "ldrsb %[a], [%[from]]\n\t"
      "ldrsb %[b], [%[from], #1]\n\t"
      "ldrsb %[c], [%[from], #2]\n\t"
      "ldrsb %[d], [%[from], #3]\n\t"
      "add %[from], %[from], %[apart]\n\t"
      "vmov s0, s1, %[a], %[b]\n\t"
      "vmov s2, s3, %[c], %[d]\n\t"
      "vcvt.f32.s32 s0, s0\n\t"
      "vcvt.f32.s32 s1, s1\n\t"
      "vcvt.f32.s32 s2, s2\n\t"
      "vcvt.f32.s32 s3, s3\n\t"
      "vstmia %[to], {s0-s3}\n\t"
      "add %[to], %[to], %[to_apart]\n\t"
      "subs %[rows], %[rows], #1\n\t"
      "bne 1b\n\t"
      : [from] "+r"(from), [rows] "+r"(rows), [to] "+r"(to), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c),
        [d] "=&r"(d)
      : [apart] "r"(apart), [to_apart] "r"(4 * to_apart)
      : "s0", "s1", "s2", "s3", "cc", "memory");
}

#else

static inline void fpu_widen_rows(const int8_t* from, size_t apart, int32_t rows, float* to,
                                  int32_t to_apart) {
  for (; rows > 0; --rows, from += apart, to += to_apart) {
    for (int32_t i = 0; i < fpu_tile; ++i) to[i] = (float)from[i];
  }
}

#endif

#endif
