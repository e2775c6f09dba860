/* The input gradient of a 1x1 convolution with AVX2: four pixels by sixteen channels in registers, each
 * weight turned into a float once. Products and sums are rounded one by one, in the order of the plain
 * kernel: the same bits. */
#include "ops/x86.h"

#ifdef OPS_AVX2
#include <immintrin.h>

#include "ops/common.h"

#define AVX2 __attribute__((target("avx2")))

AVX2 static void sixteen_channels(const float* g, const int8_t* weight, float* y, int32_t outputs,
                                  int32_t inputs) {
  __m256 low[4], high[4];
  for (int32_t p = 0; p < 4; ++p) low[p] = high[p] = _mm256_setzero_ps();
  for (int32_t o = 0; o < outputs; ++o, weight += inputs) {
    const __m128i bytes = _mm_loadu_si128((const __m128i*)weight);
    const __m256 a = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
    const __m256 b = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)));
    for (int32_t p = 0; p < 4; ++p) {
      const __m256 of_pixel = _mm256_broadcast_ss(g + p * outputs + o);
      low[p] = _mm256_add_ps(low[p], _mm256_mul_ps(of_pixel, a));
      high[p] = _mm256_add_ps(high[p], _mm256_mul_ps(of_pixel, b));
    }
  }
  for (int32_t p = 0; p < 4; ++p) {
    _mm256_storeu_ps(y + p * inputs, low[p]);
    _mm256_storeu_ps(y + p * inputs + 8, high[p]);
  }
}

AVX2 void ops_four_pixels_avx2(const float* g, const int8_t* weight, float* y, int32_t outputs,
                               int32_t inputs) {
  for (int32_t first = 0; first < inputs; first += 16) {
    /* The last sixteen again where the channels are no multiple: the same sums. */
    const int32_t at = ops_min(first, inputs - 16);
    sixteen_channels(g, weight + at, y + at, outputs, inputs);
  }
}

#endif
