/* The weight gradient of a convolution with the single-precision registers of Arm: tiles of four outputs by
 * four trained channels. An input becomes a float once, in a piece of the stack, and serves all outputs. */
#include <string.h>

#include "ops/arm.h"
#include "ops/arm/conv_columns.h"
#include "ops/arm/fpu.h"

enum { pixels_at_once = 64 };

#ifdef OPS_HAS_FPU
/* sums[j][i] += g[p][j] * values[p][i] for `pixels` pixels in their order; g's pixels lie `apart` bytes. */
static inline void add_pixels(const float* g, size_t apart, const float* values, int32_t pixels,
                              float* sums) {
  __asm__ volatile("vldmia %[sums], {s0-s15}\n\t" FPU_TURNS(
                       "%[n]",
                       "vldmia %[g], {s16-s19}\n\t"
                       "add %[g], %[g], %[apart]\n\t"
                       "vldmia %[v]!, {s20-s23}\n\t" FPU_TILE("s16", "s17", "s18", "s19", "s20", "s21", "s22",
                                                              "s23")) "vstmia %[sums], {s0-s15}\n\t"
                   : [g] "+r"(g), [v] "+r"(values), [n] "+r"(pixels)
                   : [apart] "r"(apart), [sums] "r"(sums)
                   : FPU_REGISTERS, "cc", "memory");
}
#else
static inline void add_pixels(const float* g, size_t apart, const float* values, int32_t pixels,
                              float* sums) {
  for (; pixels > 0; --pixels, g += apart / sizeof(float), values += fpu_tile) {
    for (int32_t j = 0; j < fpu_tile; ++j) {
      for (int32_t i = 0; i < fpu_tile; ++i) sums[fpu_tile * j + i] += g[j] * values[i];
    }
  }
}
#endif

/* A block of trained channels at one kernel place: pixels are collected while their gradients lie one after
 * the other, then added to the sums of all outputs. */
typedef struct {
  float values[pixels_at_once * fpu_tile];
  const float* gradient; /* of the first pixel */
  int32_t pixels;
  int begun;    /* there are sums in y */
  float* y;     /* of the first output and channel */
  size_t apart; /* sums of two outputs */
  int32_t channels, outputs, out_channels;
} weight_task;

static void add_collected(weight_task* task) {
  const size_t pixel = (size_t)task->out_channels;
  for (int32_t o = 0; task->pixels > 0 && o < task->outputs; o += fpu_tile) {
    const int32_t outputs = ops_min(fpu_tile, task->outputs - o);
    float sums[fpu_tile * fpu_tile];
    memset(sums, 0, sizeof sums);
    float* y = task->y + (size_t)o * task->apart;
    for (int32_t j = 0; task->begun && j < outputs; ++j) {
      const float* from = y + (size_t)j * task->apart;
      for (int32_t i = 0; i < task->channels; ++i) sums[fpu_tile * j + i] = from[i];
    }
    const float* g = task->gradient + o;
    if (outputs == fpu_tile) {
      add_pixels(g, pixel * sizeof(float), task->values, task->pixels, sums);
    } else {
      for (int32_t p = 0; p < task->pixels; ++p) {
        const float* of_pixel = g + (size_t)p * pixel;
        const float* values = task->values + (ptrdiff_t)(fpu_tile * p);
        for (int32_t k = 0; k < fpu_tile * outputs; ++k)
          sums[k] += of_pixel[k / fpu_tile] * values[k % fpu_tile];
      }
    }
    for (int32_t j = 0; j < outputs; ++j) {
      float* to = y + (size_t)j * task->apart;
      for (int32_t i = 0; i < task->channels; ++i) to[i] = sums[fpu_tile * j + i];
    }
  }
  task->begun |= task->pixels > 0;
  task->pixels = 0;
}

static void collect(weight_task* task, const int8_t* x, const int32_t* channels, int32_t zero,
                    const float* g) {
  if (task->pixels == pixels_at_once ||
      g != task->gradient + (size_t)task->pixels * (size_t)task->out_channels)
    add_collected(task);
  if (task->pixels == 0) task->gradient = g;
  float* to = task->values + (ptrdiff_t)(fpu_tile * task->pixels++);
  for (int32_t i = 0; i < fpu_tile; ++i) to[i] = i < task->channels ? (float)(x[channels[i]] - zero) : 0.0f;
}

/* All pixels of one kernel place; x: of the group's first channel, gradient: of its first output. */
static void add_place(weight_task* task, const int8_t* x, const int32_t* channels, int32_t zero,
                      const float* gradient, int32_t ky, int32_t kx, const ops_window* w) {
  const ops_columns c = ops_columns_of(kx, w);
  for (int32_t oy = 0; oy < w->out_height; ++oy) {
    const int32_t iy = ops_place(oy, ky, w->stride_height, w->pad_top, w->dilation_height, w->in_height);
    if (iy < 0) continue;
    for (int32_t ox = c.first; ox < c.end; ++ox) {
      const int32_t ix = ox * w->stride_width - w->pad_left + kx * w->dilation_width;
      const size_t from = (size_t)iy * (size_t)w->in_width + (size_t)ix;
      const size_t pixel = (size_t)oy * (size_t)w->out_width + (size_t)ox;
      collect(task, x + from * (size_t)w->in_channels, channels, zero,
              gradient + pixel * (size_t)w->out_channels);
    }
  }
  add_collected(task);
  for (int32_t o = 0; !task->begun && o < task->outputs; ++o) { /* only padding */
    float* to = task->y + (size_t)o * task->apart;
    for (int32_t i = 0; i < task->channels; ++i) to[i] = 0;
  }
}

void ops_conv_weight_gradient_fpu(const int8_t* x, int32_t x_zero, const float* gradient, float* y,
                                  const int32_t* channels, int32_t trained, const ops_window* window) {
  const ops_window flat = ops_flattened(window), *w = &flat;
  const int32_t each = w->in_channels / w->groups, out_each = w->out_channels / w->groups;
  const int32_t area = w->kernel_height * w->kernel_width;
  weight_task task;
  task.apart = (size_t)area * (size_t)trained;
  task.outputs = out_each;
  task.out_channels = w->out_channels;
  for (int32_t group = 0; group < w->groups; ++group) {
    for (int32_t first = 0; first < trained; first += fpu_tile) {
      int32_t which[fpu_tile];
      task.channels = ops_min(fpu_tile, trained - first);
      for (int32_t i = 0; i < task.channels; ++i) which[i] = channels ? channels[first + i] : first + i;
      for (int32_t place = 0; place < area; ++place) {
        task.pixels = 0;
        task.begun = 0;
        task.gradient = gradient;
        task.y = y + (size_t)(group * out_each) * task.apart + (size_t)(place * trained + first);
        add_place(&task, x + (ptrdiff_t)(group * each), which, x_zero,
                  gradient + (ptrdiff_t)(group * out_each), place / w->kernel_width, place % w->kernel_width,
                  w);
      }
    }
  }
}
