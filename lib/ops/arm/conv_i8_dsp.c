/* int8 convolution with packed 16-bit arithmetic. The patches of four pixels are widened to int16 with the
 * zero point taken off, in groups of four numbers: pixel by pixel (0, 2), (1, 3), which is how SXTB16 takes a
 * word of weights apart. A word of weights then serves four pixels: 13 instructions for 16 products. */
#include "ops/arm.h"
#include "ops/arm/finish.h"
#include "ops/arm/patch.h"
#include "ops/x86.h"

enum { pixels_at_once = 4, words_a_group = 2 * pixels_at_once, outputs_at_once = 32 };

static int32_t groups_of_four(int32_t length) { return (length + 3) / 4; }

/* Patches; sums of a block of outputs; the bytes of one patch, where they do not lie side by side in the
 * input. */
size_t ops_conv_i8_dsp_scratch(const ops_window* w) {
  const size_t groups = (size_t)groups_of_four(ops_patch_length(w));
  if (ops_patch_length(w) < 4) return ops_conv_i8_plain_scratch(w);
  return sizeof(uint32_t) * words_a_group * groups + sizeof(int32_t) * pixels_at_once * outputs_at_once +
         4 * groups;
}

/* One pixel's bytes into its places of the groups. Where the length is no multiple of four, the last group
 * holds the last four numbers, those that were there before as 0. */
static void widen(const int8_t* from, int32_t length, int32_t zero, uint32_t* to) {
  const uint32_t off = (uint32_t)(-zero & 0xFFFF) * 0x10001u;
  int32_t k = 0;
  for (; k + 4 <= length; k += 4, to += words_a_group) {
    const uint32_t bytes = dsp_load(from + k);
    to[0] = dsp_add_even(off, bytes);
    to[1] = dsp_add_odd(off, bytes);
  }
  if (k == length) return;
  const int32_t rest = length - k;
  const uint32_t bytes = dsp_load(from + length - 4);
  const uint32_t even = dsp_add_even(off, bytes), odd = dsp_add_odd(off, bytes);
  to[0] = rest == 1 ? 0 : even & 0xFFFF0000u;  /* numbers 0, 2 */
  to[1] = rest == 3 ? odd : odd & 0xFFFF0000u; /* numbers 1, 3 */
}

/* Sums of one output channel at four pixels: apart, so that they stay in registers. */
typedef struct {
  int32_t a, b, c, d;
} four_sums;

/* Adds one group of weights with the patches of four pixels. */
static inline void add_group(const uint32_t* patch, uint32_t weights, four_sums* s) {
  const uint32_t even = dsp_add_even(0, weights), odd = dsp_add_odd(0, weights);
  s->a = dsp_smlad(odd, patch[1], dsp_smlad(even, patch[0], s->a));
  s->b = dsp_smlad(odd, patch[3], dsp_smlad(even, patch[2], s->b));
  s->c = dsp_smlad(odd, patch[5], dsp_smlad(even, patch[4], s->c));
  s->d = dsp_smlad(odd, patch[7], dsp_smlad(even, patch[6], s->d));
}

/* The same of `count` groups, at least one, that lie side by side. */
#if defined(OPS_HAS_DSP)
#define TWO_PIXELS(first, second)               \
  "ldmia %[patch]!, {r4, r5, r6, r8}\n\t"       \
  "smlad %[" first "], %[even], r4, %[" first   \
  "]\n\t"                                       \
  "smlad %[" second "], %[even], r6, %[" second \
  "]\n\t"                                       \
  "smlad %[" first "], %[odd], r5, %[" first    \
  "]\n\t"                                       \
  "smlad %[" second "], %[odd], r8, %[" second "]\n\t"
#define ONE_GROUP                      \
  "ldr %[even], [%[row]], #4\n\t"      \
  "sxtb16 %[odd], %[even], ror #8\n\t" \
  "sxtb16 %[even], %[even]\n\t" TWO_PIXELS("a", "b") TWO_PIXELS("c", "d")

/* Two groups a turn; an odd number begins in the middle. */
static inline void add_groups(const uint32_t* patch, const int8_t* row, int32_t count, four_sums* s) {
  uint32_t even, odd;
  int32_t a = s->a, b = s->b, c = s->c, d = s->d;
  __asm__ volatile(
      "lsrs %[n], %[n], #1\n\t"
      "bcc 1f\n\t"
      "add %[n], %[n], #1\n\t"
      "b 2f\n"
      "1:\n\t" ONE_GROUP "2:\n\t" ONE_GROUP
      "subs %[n], %[n], #1\n\t"
      "bne 1b\n\t"
      : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [patch] "+r"(patch), [row] "+r"(row),
        [n] "+r"(count), [even] "=&r"(even), [odd] "=&r"(odd)
      :
      : "r4", "r5", "r6", "r8", "cc", "memory");
  s->a = a, s->b = b, s->c = c, s->d = d;
}
#else
static inline void add_groups(const uint32_t* patch, const int8_t* row, int32_t count, four_sums* s) {
  for (int32_t g = 0; g < count; ++g)
    add_group(patch + (ptrdiff_t)(words_a_group * g), dsp_load(row + (ptrdiff_t)(4 * g)), s);
}
#endif

/* sums[output][pixel] of `outputs` rows of weights, upon the bias where it is given: before the products, or,
 * where these might overflow with it, behind them. */
static void multiply(const uint32_t* patches, const int8_t* row, const int32_t* bias, int all_small,
                     int32_t length, int32_t outputs, int32_t* sums) {
  const int32_t whole = length / 4;
  for (const int32_t* end = sums + (ptrdiff_t)(pixels_at_once * outputs); sums != end;
       sums += pixels_at_once) {
    const int32_t upon = bias ? *bias++ : 0;
    const int small = all_small || ops_bias_is_small(upon, length);
    const int32_t start = small ? upon : 0;
    four_sums s = {start, start, start, start};
    add_groups(patches, row, whole, &s);
    row += length;
    if (length % 4 != 0) add_group(patches + (ptrdiff_t)(words_a_group * whole), dsp_load(row - 4), &s);
    if (!small) {
      s.a = dsp_saturating_add(s.a, upon), s.b = dsp_saturating_add(s.b, upon);
      s.c = dsp_saturating_add(s.c, upon), s.d = dsp_saturating_add(s.d, upon);
    }
    sums[0] = s.a, sums[1] = s.b, sums[2] = s.c, sums[3] = s.d;
  }
}

/* The patches of four pixels from `first` on; the last again where pixels end. */
static void gather_four(const int8_t* x, int32_t first, int32_t count, int32_t group, int32_t zero,
                        uint32_t* patches, int8_t* bytes, const ops_window* w) {
  const int32_t length = ops_patch_length(w);
  const int direct = ops_patch_is_direct(w);
  for (int32_t p = 0; p < pixels_at_once; ++p) {
    const int32_t pixel = first + ops_min(p, count - 1);
    const int8_t* from = bytes;
    if (direct) {
      from = x + (size_t)pixel * (size_t)w->in_channels + (size_t)(group * length);
    } else {
      ops_gather_patch(x, bytes, pixel, group, zero, w);
    }
    widen(from, length, zero, patches + (ptrdiff_t)(2 * p));
  }
}

void ops_conv_i8_dsp(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y, uint8_t* mask,
                     void* scratch, const ops_window* w, const ops_requantize* to) {
  const int32_t length = ops_patch_length(w);
  if (length < 4) {
    ops_conv_i8_plain(x, weight, bias, y, mask, scratch, w, to);
    return;
  }
  const int32_t out = w->out_channels, out_each = out / w->groups, pixels = w->out_height * w->out_width;
  uint32_t* patches = scratch;
  int32_t* sums = (int32_t*)(patches + (ptrdiff_t)(words_a_group * groups_of_four(length)));
  int8_t* bytes = (int8_t*)(sums + (ptrdiff_t)(pixels_at_once * outputs_at_once));
  int small = 1;
  for (int32_t o = 0; bias && o < out; ++o) small = small && ops_bias_is_small(bias[o], length);
  for (int32_t first = 0; first < pixels; first += pixels_at_once) {
    const int32_t count = ops_min(pixels_at_once, pixels - first);
    for (int32_t group = 0; group < w->groups; ++group) {
      gather_four(x, first, count, group, to->in_zero, patches, bytes, w);
      const int32_t end = (group + 1) * out_each;
      for (int32_t o = group * out_each; o < end; o += outputs_at_once) {
        const int32_t outputs = ops_min(outputs_at_once, end - o);
        multiply(patches, weight + (size_t)o * (size_t)length, bias ? bias + o : 0, small, length, outputs,
                 sums);
        ops_finish_four(sums, o, outputs, count, y, mask, (size_t)first * (size_t)out + (size_t)o,
                        (size_t)out, to);
      }
    }
  }
}
