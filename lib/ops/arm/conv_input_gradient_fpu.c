/* The input gradient of a convolution with the single-precision registers of Arm: tiles of four pixels by
 * four channels. A weight becomes a float once, in a piece of the stack, and serves all pixels. */
#include <string.h>

#include "ops/arm.h"
#include "ops/arm/conv_columns.h"
#include "ops/arm/fpu.h"

enum { outputs_at_once = 64 };

#ifdef OPS_HAS_FPU
/* y[p][i] += g[p][o] * weight[o][i] for the outputs o in their order, two at a time: `pairs` of them. */
static inline void four_pixels(const float* const g[4], const float* weight, int32_t pairs,
                               float* const y[4]) {
  const float *g_0 = g[0], *g_1 = g[1], *g_2 = g[2], *g_3 = g[3];
  float* at;
  __asm__ volatile(
      "ldr %[at], [%[y]]\n\tvldmia %[at], {s0-s3}\n\t"
      "ldr %[at], [%[y], #4]\n\tvldmia %[at], {s4-s7}\n\t"
      "ldr %[at], [%[y], #8]\n\tvldmia %[at], {s8-s11}\n\t"
      "ldr %[at], [%[y], #12]\n\tvldmia %[at], {s12-s15}\n\t" FPU_TURNS(
          "%[n]",
          "vldmia %[a]!, {s16-s17}\n\t"
          "vldmia %[b]!, {s18-s19}\n\t"
          "vldmia %[c]!, {s20-s21}\n\t"
          "vldmia %[d]!, {s22-s23}\n\t"
          "vldmia %[w]!, {s24-s27}\n\t" FPU_TILE("s16", "s18", "s20", "s22", "s24", "s25", "s26", "s27")
          "vldmia %[w]!, {s24-s27}\n\t" FPU_TILE("s17", "s19", "s21", "s23", "s24", "s25", "s26", "s27"))
      "ldr %[at], [%[y]]\n\tvstmia %[at], {s0-s3}\n\t"
      "ldr %[at], [%[y], #4]\n\tvstmia %[at], {s4-s7}\n\t"
      "ldr %[at], [%[y], #8]\n\tvstmia %[at], {s8-s11}\n\t"
      "ldr %[at], [%[y], #12]\n\tvstmia %[at], {s12-s15}\n\t"
      : [a] "+r"(g_0), [b] "+r"(g_1), [c] "+r"(g_2), [d] "+r"(g_3), [w] "+r"(weight), [n] "+r"(pairs),
        [at] "=&r"(at)
      : [y] "r"(y)
      : FPU_REGISTERS, "cc", "memory");
}
#else
static inline void four_pixels(const float* const g[4], const float* weight, int32_t pairs,
                               float* const y[4]) {
  for (int32_t o = 0; o < 2 * pairs; ++o, weight += fpu_tile) {
    for (int32_t p = 0; p < 4; ++p) {
      for (int32_t i = 0; i < fpu_tile; ++i) y[p][i] += g[p][o] * weight[i];
    }
  }
}
#endif

/* Four channels of one kernel place and a block of outputs: what the pixels of the image add up. */
typedef struct {
  const float* gradient; /* of the block's first output */
  const float* weight;   /* [outputs][4] */
  float* y;              /* of the first of the channels */
  int32_t outputs, channels;
} input_task;

/* `pixels` output pixels, 1 to 4, from the one at g on; their inputs lie y_apart. */
static inline void add_four_pixels(const input_task* task, const float* g, int32_t g_apart, float* y,
                                   int32_t y_apart, int32_t pixels) {
  float spare[4][fpu_tile];
  const float* from[4];
  float* to[4];
  for (int32_t p = 0; p < 4; ++p) {
    const int32_t at = ops_min(p, pixels - 1);
    from[p] = g + (ptrdiff_t)(at * g_apart);
    to[p] = p < pixels ? y + (ptrdiff_t)(p * y_apart) : spare[p];
  }
  if (task->channels < fpu_tile || pixels < 4) memset(spare, 0, sizeof spare);
  for (int32_t p = 0; task->channels < fpu_tile && p < pixels; ++p) {
    for (int32_t i = 0; i < task->channels; ++i) spare[p][i] = y[p * y_apart + i];
    to[p] = spare[p];
  }
  if (task->outputs > 1) four_pixels(from, task->weight, task->outputs / 2, to);
  for (int32_t p = 0; task->outputs % 2 != 0 && p < pixels; ++p) {
    const int32_t o = task->outputs - 1;
    for (int32_t i = 0; i < task->channels; ++i) to[p][i] += from[p][o] * task->weight[fpu_tile * o + i];
  }
  for (int32_t p = 0; task->channels < fpu_tile && p < pixels; ++p) {
    for (int32_t i = 0; i < task->channels; ++i) y[p * y_apart + i] = spare[p][i];
  }
}

static void add_image(const input_task* task, int32_t ky, int32_t kx, const ops_window* w) {
  const ops_columns c = ops_columns_of(kx, w);
  const int32_t left = c.first * w->stride_width - w->pad_left + kx * w->dilation_width;
  const int32_t y_apart = w->stride_width * w->in_channels;
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
    if (iy < 0) continue;
    const float* g =
        task->gradient + ((size_t)oy * (size_t)w->out_width + (size_t)c.first) * (size_t)w->out_channels;
    float* y = task->y + ((size_t)iy * (size_t)w->in_width + (size_t)left) * (size_t)w->in_channels;
    for (int32_t ox = c.first; ox < c.end;
         ox += 4, g += (ptrdiff_t)(4 * w->out_channels), y += (ptrdiff_t)(4 * y_apart))
      add_four_pixels(task, g, w->out_channels, y, y_apart, ops_min(4, c.end - ox));
  }
}

static void widen(const int8_t* from, size_t apart, int32_t rows, int32_t channels, float* to) {
  if (channels == fpu_tile) {
    fpu_widen_rows(from, apart, rows, to, fpu_tile);
    return;
  }
  for (; rows > 0; --rows, from += apart, to += fpu_tile) {
    for (int32_t i = 0; i < fpu_tile; ++i) to[i] = i < channels ? (float)from[i] : 0.0f;
  }
}

void ops_conv_input_gradient_fpu(const float* gradient, const int8_t* weight, float* y, const ops_window* w) {
  memset(y, 0, sizeof(float) * (size_t)(w->in_height * w->in_width * w->in_channels));
  ops_conv_input_gradient_add_fpu(gradient, weight, y, w);
}

void ops_conv_input_gradient_add_fpu(const float* gradient, const int8_t* weight, float* y,
                                     const ops_window* window) {
  const ops_window flat = ops_flattened(window), *w = &flat;
  const int32_t each = w->in_channels / w->groups, out_each = w->out_channels / w->groups;
  const int32_t area = w->kernel_height * w->kernel_width;
  const size_t apart = (size_t)area * (size_t)each;
  float rows[outputs_at_once * fpu_tile];
  for (int32_t channel = 0; channel < w->in_channels;) {
    const int32_t group = channel / each, first_out = group * out_each;
    const int32_t channels = ops_min(fpu_tile, (group + 1) * each - channel);
    for (int32_t place = 0; place < area; ++place) {
      for (int32_t o = first_out; o < first_out + out_each; o += outputs_at_once) {
        const int32_t outputs = ops_min(outputs_at_once, first_out + out_each - o);
        const size_t row = (size_t)o * (size_t)area + (size_t)place;
        widen(weight + row * (size_t)each + (channel - group * each), apart, outputs, channels, rows);
        const input_task task = {gradient + o, rows, y + channel, outputs, channels};
        add_image(&task, place / w->kernel_width, place % w->kernel_width, w);
      }
    }
    channel += channels;
  }
}
