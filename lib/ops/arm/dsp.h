/* The packed 16-bit arithmetic of Arm's DSP extension (Cortex-M4, M7, M33, M55), and the same in plain C, so
 * that kernels written with it run, and are tested, on any machine. Lanes: the low 16 bits first. */
#ifndef FRUGAL_OPS_ARM_DSP_H
#define FRUGAL_OPS_ARM_DSP_H

#include <string.h>

#include "ops/common.h"

/* Four int8 as they lie in memory, at any address. */
static inline uint32_t dsp_load(const void* from) {
  uint32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}

static inline void dsp_store(void* to, uint32_t word) { memcpy(to, &word, sizeof word); }

#if defined(__ARM_FEATURE_DSP)
#define OPS_HAS_DSP 1

/* sum + a.low * b.low + a.high * b.high */
static inline int32_t dsp_smlad(uint32_t a, uint32_t b, int32_t sum) {
  int32_t result;
  __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}
static inline int32_t dsp_smlabb(uint32_t a, uint32_t b, int32_t sum) {
  int32_t result;
  __asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}
static inline int32_t dsp_smlatb(uint32_t a, uint32_t b, int32_t sum) {
  int32_t result;
  __asm__("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}
/* to + (byte 0, byte 2), and to + (byte 1, byte 3), lane by lane. */
static inline uint32_t dsp_add_even(uint32_t to, uint32_t bytes) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(to), "r"(bytes));
  return result;
}
static inline uint32_t dsp_add_odd(uint32_t to, uint32_t bytes) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(to), "r"(bytes));
  return result;
}
/* (a.low, b.low), (a.high, b.high) */
static inline uint32_t dsp_lows(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
  return result;
}
static inline uint32_t dsp_highs(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(b), "r"(a));
  return result;
}
static inline int32_t dsp_saturating_add(int32_t a, int32_t b) {
  int32_t result;
  __asm__("qadd %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}
static inline int32_t dsp_clamp_to_byte(int32_t v) {
  int32_t result;
  __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(v));
  return result;
}

#else

static inline int32_t dsp_low(uint32_t v) { return (int16_t)(v & 0xFFFFu); }
static inline int32_t dsp_high(uint32_t v) { return (int16_t)(v >> 16); }
static inline uint32_t dsp_pair(int32_t low, int32_t high) {
  return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}
static inline int32_t dsp_wrapped(int32_t sum, int32_t product) {
  return (int32_t)((uint32_t)sum + (uint32_t)product);
}
static inline int32_t dsp_smlad(uint32_t a, uint32_t b, int32_t sum) {
  return dsp_wrapped(dsp_wrapped(sum, dsp_low(a) * dsp_low(b)), dsp_high(a) * dsp_high(b));
}
static inline int32_t dsp_smlabb(uint32_t a, uint32_t b, int32_t sum) {
  return dsp_wrapped(sum, dsp_low(a) * dsp_low(b));
}
static inline int32_t dsp_smlatb(uint32_t a, uint32_t b, int32_t sum) {
  return dsp_wrapped(sum, dsp_high(a) * dsp_low(b));
}
static inline uint32_t dsp_add_even(uint32_t to, uint32_t bytes) {
  return dsp_pair(dsp_low(to) + (int8_t)(bytes & 0xFFu), dsp_high(to) + (int8_t)((bytes >> 16) & 0xFFu));
}
static inline uint32_t dsp_add_odd(uint32_t to, uint32_t bytes) {
  return dsp_pair(dsp_low(to) + (int8_t)((bytes >> 8) & 0xFFu), dsp_high(to) + (int8_t)(bytes >> 24));
}
static inline uint32_t dsp_lows(uint32_t a, uint32_t b) { return (a & 0xFFFFu) | (b << 16); }
static inline uint32_t dsp_highs(uint32_t a, uint32_t b) { return (a >> 16) | (b & 0xFFFF0000u); }
static inline int32_t dsp_saturating_add(int32_t a, int32_t b) { return ops_saturating_add(a, b); }
static inline int32_t dsp_clamp_to_byte(int32_t v) { return ops_clamp(v, -128, 127); }

#endif

#endif
