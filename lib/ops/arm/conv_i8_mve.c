/* int8 convolution with vectors (MVE): sixteen products an instruction, of three pixels with two outputs. The
 * input's zero point is not taken off: what it adds, zero point times the sum of an output's weights, is in
 * the number that its sums start from; padding is the zero point. */
#include "ops/arm.h"
#include "ops/arm/mve.h"
#include "ops/arm/patch.h"
#include "ops/x86.h"

enum { pixels_at_once = 3, outputs_at_once = 64 };

/* What each output starts from; sums of a block of outputs; three patches. */
size_t ops_conv_i8_mve_scratch(const ops_window* w) {
  const size_t ints = (size_t)w->out_channels + 1 + (size_t)(pixels_at_once * outputs_at_once);
  return sizeof(int32_t) * ints +
         (ops_patch_is_direct(w) ? 0 : (size_t)(pixels_at_once * ops_patch_length(w)));
}

/* With the bias where that fits; returns whether it does for all. */
static int find_starts(const int8_t* weight, const int32_t* bias, int32_t zero, int32_t* start,
                       const ops_window* w) {
  const int32_t length = ops_patch_length(w);
  int small = bias != 0;
  for (int32_t o = 0; bias && o < w->out_channels; ++o) small = small && ops_bias_is_small(bias[o], length);
  for (int32_t o = 0; o < w->out_channels; ++o, weight += length)
    start[o] = (small ? bias[o] : 0) - zero * mve_sum(weight, length);
  return small;
}

/* sums[pixel][output] of `outputs` outputs. Of an odd number the last stands alone: one pixel's sums at a
 * time. */
static void multiply(const int8_t* const x[pixels_at_once], const int8_t* weight, int32_t length,
                     const int32_t* start, int32_t outputs, int32_t* sums) {
  int32_t o = 0;
  for (; o + 2 <= outputs; o += 2, weight += (ptrdiff_t)(2 * length))
    mve_three_by_two(x, weight, length, start + o, sums + o, outputs_at_once);
  if (o == outputs) return;
  for (int32_t p = 0; p < pixels_at_once; ++p)
    sums[p * outputs_at_once + o] = start[o] + mve_product(x[p], weight, length);
}

/* One pixel's outputs from `o` on; the sums are lost. */
static void finish(int32_t* sums, const int32_t* late_bias, int32_t o, int32_t outputs, int8_t* y,
                   uint8_t* mask, size_t at, const ops_requantize* to) {
  for (int32_t i = 0; late_bias && i < outputs; ++i) sums[i] = dsp_saturating_add(sums[i], late_bias[o + i]);
#ifndef OPS_NO_FLOAT
  if (to->rounding == OPS_FLOAT32_HALF_EVEN && !mask && to->low == -128 && to->high == 127) {
    mve_finish(sums, to->scale + o, outputs, to->out_zero - OPS_SHIFTER_BITS, y + at);
    return;
  }
#endif
  ops_requantize part = *to;
  if (part.scale) part.scale += o;
  if (part.multiplier) part.multiplier += o, part.shift += o;
  ops_write_pixel(sums, outputs, y + at, mask, at, &part);
}

void ops_conv_i8_mve(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y, uint8_t* mask,
                     void* scratch, const ops_window* w, const ops_requantize* to) {
  const int32_t length = ops_patch_length(w), out = w->out_channels, out_each = out / w->groups;
  const int32_t pixels = w->out_height * w->out_width;
  const int direct = ops_patch_is_direct(w);
  int32_t *start = scratch, *sums = start + out + 1;
  int8_t* patches = (int8_t*)(sums + (ptrdiff_t)(pixels_at_once * outputs_at_once));
  const int32_t* late_bias = find_starts(weight, bias, to->in_zero, start, w) ? 0 : bias;
  for (int32_t first = 0; first < pixels; first += pixels_at_once) {
    const int32_t count = ops_min(pixels_at_once, pixels - first);
    for (int32_t group = 0; group < w->groups; ++group) {
      const int8_t* from[pixels_at_once];
      for (int32_t p = 0; p < pixels_at_once; ++p) {
        const int32_t pixel = first + ops_min(p, count - 1); /* the last again where pixels end */
        from[p] = direct ? x + (size_t)pixel * (size_t)w->in_channels + (size_t)(group * length)
                         : patches + (ptrdiff_t)(p * length);
        if (!direct) ops_gather_patch(x, patches + (ptrdiff_t)(p * length), pixel, group, to->in_zero, w);
      }
      const int32_t end = (group + 1) * out_each;
      for (int32_t o = group * out_each; o < end; o += outputs_at_once) {
        const int32_t outputs = ops_min(outputs_at_once, end - o);
        multiply(from, weight + (size_t)o * (size_t)length, length, start + o, outputs, sums);
        for (int32_t p = 0; p < count; ++p)
          finish(sums + (ptrdiff_t)(p * outputs_at_once), late_bias, o, outputs, y, mask,
                 (size_t)(first + p) * (size_t)out + (size_t)o, to);
      }
    }
  }
}
