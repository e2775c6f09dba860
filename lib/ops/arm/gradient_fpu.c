/* The small steps of a backward pass with the single-precision registers of Arm. */
#include "ops/arm.h"
#include "ops/arm/fpu.h"
#include "ops/x86.h"

enum { at_once = 8, channels_at_once = 16 };

#ifdef OPS_HAS_FPU
#define FPU_EIGHT_PRODUCTS                           \
  "vmul.f32 s0, s0, s8\n\tvmul.f32 s1, s1, s9\n\t"   \
  "vmul.f32 s2, s2, s10\n\tvmul.f32 s3, s3, s11\n\t" \
  "vmul.f32 s4, s4, s12\n\tvmul.f32 s5, s5, s13\n\t" \
  "vmul.f32 s6, s6, s14\n\tvmul.f32 s7, s7, s15\n\t"

/* y[i] = gradient[i] * factor[i] for eight numbers. */
static inline void scale_eight(const float* gradient, const float* factor, float* y) {
  __asm__ volatile(
      "vldmia %[g], {s0-s7}\n\t"
      "vldmia %[f], {s8-s15}\n\t" FPU_EIGHT_PRODUCTS "vstmia %[y], {s0-s7}\n\t"
      :
      : [g] "r"(gradient), [f] "r"(factor), [y] "r"(y)
      : FPU_REGISTERS, "memory");
}

/* y[i] = bit i ? gradient[i] * factor[i] : 0, for eight numbers. One shift puts bits i and i + 1 into N and
 * C. */
#define FPU_TWO_BITS(shift, even, odd) \
  "lsls %[t], %[bits], #" shift        \
  "\n\t"                               \
  "it pl\n\tvmovpl.f32 " even          \
  ", s16\n\t"                          \
  "it cc\n\tvmovcc.f32 " odd ", s16\n\t"
static inline void rescale_eight(const float* gradient, const float* factor, uint32_t bits, float* y) {
  uint32_t t;
  __asm__ volatile(
      "vldmia %[g], {s0-s7}\n\t"
      "vldmia %[f], {s8-s15}\n\t" FPU_EIGHT_PRODUCTS "vmov s16, %[zero]\n\t" FPU_TWO_BITS("31", "s0", "s1")
          FPU_TWO_BITS("29", "s2", "s3") FPU_TWO_BITS("27", "s4", "s5")
              FPU_TWO_BITS("25", "s6", "s7") "vstmia %[y], {s0-s7}\n\t"
      : [t] "=&r"(t)
      : [g] "r"(gradient), [f] "r"(factor), [bits] "r"(bits), [y] "r"(y), [zero] "r"(0)
      : FPU_REGISTERS, "cc", "memory");
}

/* Sums of sixteen channels over the pixels in their order, which lie `apart` bytes. */
static inline void sum_pixels(const float* g, size_t apart, int32_t pixels, float* sums) {
  int32_t zero = 0;
  __asm__ volatile(
      "vmov s0, s1, %[zero], %[zero]\n\tvmov s2, s3, %[zero], %[zero]\n\t"
      "vmov s4, s5, %[zero], %[zero]\n\tvmov s6, s7, %[zero], %[zero]\n\t"
      "vmov s8, s9, %[zero], %[zero]\n\tvmov s10, s11, %[zero], %[zero]\n\t"
      "vmov s12, s13, %[zero], %[zero]\n\tvmov s14, s15, %[zero], %[zero]\n"
      "1: vldmia %[g], {s16-s31}\n\t"
      "add %[g], %[g], %[apart]\n\t"
      "vadd.f32 s0, s0, s16\n\tvadd.f32 s1, s1, s17\n\t"
      "vadd.f32 s2, s2, s18\n\tvadd.f32 s3, s3, s19\n\t"
      "vadd.f32 s4, s4, s20\n\tvadd.f32 s5, s5, s21\n\t"
      "vadd.f32 s6, s6, s22\n\tvadd.f32 s7, s7, s23\n\t"
      "vadd.f32 s8, s8, s24\n\tvadd.f32 s9, s9, s25\n\t"
      "vadd.f32 s10, s10, s26\n\tvadd.f32 s11, s11, s27\n\t"
      "vadd.f32 s12, s12, s28\n\tvadd.f32 s13, s13, s29\n\t"
      "vadd.f32 s14, s14, s30\n\tvadd.f32 s15, s15, s31\n\t"
      "subs %[n], %[n], #1\n\t"
      "bne 1b\n\t"
      "vstmia %[sums], {s0-s15}\n\t"
      : [g] "+r"(g), [n] "+r"(pixels)
      : [apart] "r"(apart), [sums] "r"(sums), [zero] "r"(zero)
      : FPU_REGISTERS, "cc", "memory");
}
#else
static inline void scale_eight(const float* gradient, const float* factor, float* y) {
  for (int32_t i = 0; i < 8; ++i) y[i] = gradient[i] * factor[i];
}

static inline void rescale_eight(const float* gradient, const float* factor, uint32_t bits, float* y) {
  for (int32_t i = 0; i < 8; ++i) {
    const float scaled = gradient[i] * factor[i];
    y[i] = (bits & (1u << i)) != 0 ? scaled : 0.0f;
  }
}

static inline void sum_pixels(const float* g, size_t apart, int32_t pixels, float* sums) {
  for (int32_t c = 0; c < 16; ++c) sums[c] = 0;
  for (; pixels > 0; --pixels, g += apart / sizeof(float)) {
    for (int32_t c = 0; c < 16; ++c) sums[c] += g[c];
  }
}
#endif

void ops_rescale_gradient_fpu(const float* gradient, const float* factor, int32_t factors,
                              const uint8_t* mask, float* y, int32_t count) {
  if (factors % at_once != 0 && factors != 1) {
    ops_rescale_gradient_plain(gradient, factor, factors, mask, y, count);
    return;
  }
  float same[at_once];
  for (int32_t i = 0; i < at_once; ++i) same[i] = factor[0];
  const float *first = factors == 1 ? same : factor, *end = first + ops_max(factors, at_once), *f = first;
  int32_t left = count;
  for (; left >= at_once; left -= at_once, gradient += at_once, y += at_once) {
    if (mask) {
      rescale_eight(gradient, f, *mask++, y);
    } else {
      scale_eight(gradient, f, y);
    }
    f += at_once;
    if (f == end) f = first;
  }
  for (int32_t i = 0; i < left; ++i) {
    const float scaled = gradient[i] * f[i];
    y[i] = !mask || ops_mask_bit(mask, (size_t)i) ? scaled : 0.0f;
  }
}

void ops_channel_sum_fpu(const float* gradient, float* sum, int32_t pixels, int32_t channels) {
  if (channels < channels_at_once || pixels < 1) {
    ops_channel_sum_plain(gradient, sum, pixels, channels);
    return;
  }
  for (int32_t channel = 0; channel < channels; channel += channels_at_once) {
    /* The last sixteen again where the channels are no multiple: the same sums. */
    const int32_t c = ops_min(channel, channels - channels_at_once);
    sum_pixels(gradient + c, sizeof(float) * (size_t)channels, pixels, sum + c);
  }
}
