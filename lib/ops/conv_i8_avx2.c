/* int8 convolutions with AVX2: sixteen pixels at once. Numbers of a patch lie in pairs, pixel beside pixel,
 * so that one multiply-add (VPMADDWD) takes a pair of weights to eight pixels and no sum crosses a register.
 */
#include "ops/x86.h"

#ifdef OPS_AVX2
#include <immintrin.h>

#include "ops/common.h"

#define AVX2 __attribute__((target("avx2")))

enum { pixels_at_once = 16, outputs_at_once = 4 };

int ops_has_avx2(void) { return __builtin_cpu_supports("avx2") != 0; }

static int32_t pairs_of(const ops_window* w) {
  return (w->kernel_height * w->kernel_width * (w->in_channels / w->groups) + 1) / 2;
}

/* Scratch: sums [pixel][out], sums [out][16], patches [group][pair][16], weights [out][pair], each of 4
 * bytes; one patch in int16. */
size_t ops_conv_i8_avx2_scratch(const ops_window* w) {
  const size_t pairs = (size_t)pairs_of(w), out = (size_t)w->out_channels;
  return 4 * (2 * pixels_at_once * out + pixels_at_once * pairs * (size_t)w->groups + out * pairs) +
         4 * pairs + 64;
}

/* int8 rows of `length` as pairs of int16, the last one filled up with 0. */
AVX2 static void widen(const int8_t* from, int32_t length, int32_t add, int16_t* to) {
  const __m256i more = _mm256_set1_epi16((int16_t)add);
  int32_t i = 0;
  for (; i + 16 <= length; i += 16) {
    const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)(from + i)));
    _mm256_storeu_si256((__m256i*)(to + i), _mm256_add_epi16(wide, more));
  }
  for (; i < length; ++i) to[i] = (int16_t)(from[i] + add);
}

/* The patch of one output pixel and group, padding as 0. */
AVX2 static void gather(const int8_t* x, int16_t* patch, int32_t pixel, int32_t group, int32_t zero,
                        const ops_window* w) {
  const int32_t each = w->in_channels / w->groups, oy = pixel / w->out_width, ox = pixel % w->out_width;
  int16_t* to = patch;
  for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
    const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
    for (int32_t kx = 0; kx < w->kernel_width; ++kx, to += each) {
      const int32_t ix = ops_place(ox, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width);
      if (iy < 0 || ix < 0) {
        for (int32_t c = 0; c < each; ++c) to[c] = 0;
      } else {
        const size_t at = ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)w->in_channels;
        widen(x + at + (size_t)(group * each), each, -zero, to);
      }
    }
  }
  if ((to - patch) & 1) *to = 0;
}

/* sums[o][16] of `outputs` rows of weights, 1 to 4. */
AVX2 static inline void multiply(const int32_t* patches, const int32_t* weights, int32_t pairs,
                                 int32_t outputs, int32_t* sums) {
  __m256i low[outputs_at_once], high[outputs_at_once];
  for (int32_t o = 0; o < outputs; ++o) low[o] = high[o] = _mm256_setzero_si256();
  for (int32_t k = 0; k < pairs; ++k) {
    const __m256i a = _mm256_loadu_si256((const __m256i*)(patches + 16 * k));
    const __m256i b = _mm256_loadu_si256((const __m256i*)(patches + 16 * k + 8));
    for (int32_t o = 0; o < outputs; ++o) {
      const __m256i pair = _mm256_set1_epi32(weights[o * pairs + k]);
      low[o] = _mm256_add_epi32(low[o], _mm256_madd_epi16(a, pair));
      high[o] = _mm256_add_epi32(high[o], _mm256_madd_epi16(b, pair));
    }
  }
  for (int32_t o = 0; o < outputs; ++o) {
    _mm256_storeu_si256((__m256i*)(sums + 16 * o), low[o]);
    _mm256_storeu_si256((__m256i*)(sums + 16 * o + 8), high[o]);
  }
}

/* Sums of products below 2^30 and a bias below it add up within int32. */
AVX2 static void add_bias(int32_t* sums, int32_t bias, int32_t length) {
  const int32_t safe = 1 << 30;
  if (bias > -safe && bias < safe && length < safe / (255 * 128)) {
    for (int32_t p = 0; p < pixels_at_once; ++p) sums[p] += bias;
  } else {
    for (int32_t p = 0; p < pixels_at_once; ++p) sums[p] = ops_saturating_add(sums[p], bias);
  }
}

/* [out][16] to [pixel][out], eight outputs of eight pixels at once. */
AVX2 static void to_pixels(const int32_t* by_output, int32_t* by_pixel, int32_t out, int32_t count) {
  int32_t o = 0;
  for (; o + 8 <= out; o += 8) {
    for (int32_t first = 0; first < count; first += 8) {
      __m256i rows[8], pairs[8];
      for (int32_t i = 0; i < 8; ++i)
        rows[i] = _mm256_loadu_si256((const __m256i*)(by_output + pixels_at_once * (o + i) + first));
      for (int32_t i = 0; i < 4; ++i) {
        pairs[2 * i] = _mm256_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm256_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
      }
      for (int32_t i = 0; i < 2; ++i) {
        rows[4 * i] = _mm256_unpacklo_epi64(pairs[4 * i], pairs[4 * i + 2]);
        rows[4 * i + 1] = _mm256_unpackhi_epi64(pairs[4 * i], pairs[4 * i + 2]);
        rows[4 * i + 2] = _mm256_unpacklo_epi64(pairs[4 * i + 1], pairs[4 * i + 3]);
        rows[4 * i + 3] = _mm256_unpackhi_epi64(pairs[4 * i + 1], pairs[4 * i + 3]);
      }
      for (int32_t i = 0; i < 4; ++i) {
        const __m256i low = _mm256_permute2x128_si256(rows[i], rows[i + 4], 0x20);
        const __m256i high = _mm256_permute2x128_si256(rows[i], rows[i + 4], 0x31);
        if (first + i < count) _mm256_storeu_si256((__m256i*)(by_pixel + (first + i) * out + o), low);
        if (first + i + 4 < count)
          _mm256_storeu_si256((__m256i*)(by_pixel + (first + i + 4) * out + o), high);
      }
    }
  }
  for (; o < out; ++o) {
    for (int32_t p = 0; p < count; ++p) by_pixel[p * out + o] = by_output[pixels_at_once * o + p];
  }
}

AVX2 void ops_conv_i8_avx2(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                           uint8_t* mask, void* scratch, const ops_window* w, const ops_requantize* to) {
  const int32_t pairs = pairs_of(w), out = w->out_channels, out_each = out / w->groups;
  const int32_t length = w->kernel_height * w->kernel_width * (w->in_channels / w->groups);
  const int32_t pixels = w->out_height * w->out_width;
  int32_t* by_pixel = scratch;
  int32_t* by_output = by_pixel + pixels_at_once * out;
  int32_t* patches = by_output + pixels_at_once * out;
  int32_t* weights = patches + pixels_at_once * pairs * w->groups;
  int32_t* one = weights + out * pairs;
  for (int32_t o = 0; o < out; ++o) {
    weights[o * pairs + pairs - 1] = 0;
    widen(weight + (size_t)o * (size_t)length, length, 0, (int16_t*)(weights + o * pairs));
  }
  for (int32_t first = 0; first < pixels; first += pixels_at_once) {
    const int32_t count = ops_min(pixels_at_once, pixels - first);
    for (int32_t g = 0; g < w->groups; ++g) {
      int32_t* to_patches = patches + pixels_at_once * pairs * g;
      for (int32_t p = 0; p < count; ++p) {
        gather(x, (int16_t*)one, first + p, g, to->in_zero, w);
        for (int32_t k = 0; k < pairs; ++k) to_patches[16 * k + p] = one[k];
      }
      for (int32_t o = g * out_each; o < (g + 1) * out_each;) {
        const int32_t outputs = ops_min(outputs_at_once, (g + 1) * out_each - o);
        if (outputs == outputs_at_once) {
          multiply(to_patches, weights + o * pairs, pairs, outputs_at_once, by_output + 16 * o);
        } else {
          multiply(to_patches, weights + o * pairs, pairs, outputs, by_output + 16 * o);
        }
        o += outputs;
      }
    }
    for (int32_t o = 0; o < out; ++o) add_bias(by_output + pixels_at_once * o, bias ? bias[o] : 0, length);
    to_pixels(by_output, by_pixel, out, count);
    for (int32_t p = 0; p < count; ++p) {
      const size_t at = (size_t)(first + p) * (size_t)out;
      ops_write_pixel(by_pixel + p * out, out, y + at, mask, at, to);
    }
  }
}

/* Sixteen channels over all places of the kernel, in registers. A product of two int8 with the zero point off
 * fits int16: 255 * 128 < 2^15. */
AVX2 void ops_depthwise_conv_i8_avx2(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                                     uint8_t* mask, void* scratch, const ops_window* w,
                                     const ops_requantize* to) {
  const int32_t channels = w->in_channels;
  if (w->out_channels != channels || channels < 16) {
    ops_depthwise_conv_i8_plain(x, weight, bias, y, mask, scratch, w, to);
    return;
  }
  int32_t* sums = scratch;
  const __m256i zero = _mm256_set1_epi16((int16_t)to->in_zero);
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    for (int32_t ox = 0; ox < w->out_width; ++ox) {
      for (int32_t first = 0; first < channels; first += 16) {
        const int32_t c =
            ops_min(first, channels - 16); /* the last may be some channels twice: the same sums */
        __m256i low = _mm256_setzero_si256(), high = low;
        for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
          const int32_t iy =
              ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
          if (iy < 0) continue;
          for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
            const int32_t ix =
                ops_place(ox, kx, w->stride_width, w->pad_left, w->dilation_width, w->in_width);
            if (ix < 0) continue;
            const size_t from =
                ((size_t)iy * (size_t)w->in_width + (size_t)ix) * (size_t)channels + (size_t)c;
            const size_t row = (size_t)(ky * w->kernel_width + kx) * (size_t)channels + (size_t)c;
            const __m256i a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)(x + from)));
            const __m256i b = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)(weight + row)));
            const __m256i product = _mm256_mullo_epi16(_mm256_sub_epi16(a, zero), b);
            low = _mm256_add_epi32(low, _mm256_cvtepi16_epi32(_mm256_castsi256_si128(product)));
            high = _mm256_add_epi32(high, _mm256_cvtepi16_epi32(_mm256_extracti128_si256(product, 1)));
          }
        }
        _mm256_storeu_si256((__m256i*)(sums + c), low);
        _mm256_storeu_si256((__m256i*)(sums + c + 8), high);
      }
      if (bias) {
        for (int32_t i = 0; i < channels; ++i) sums[i] = ops_saturating_add(sums[i], bias[i]);
      }
      const size_t at = ((size_t)oy * (size_t)w->out_width + (size_t)ox) * (size_t)channels;
      ops_write_pixel(sums, channels, y + at, mask, at, to);
    }
  }
}

#endif
