/* The input gradient of a depthwise convolution with the single-precision registers of Arm: eight channels of
 * a pixel at a time, whose sums stay in registers over all kernel places. */
#include "ops/arm.h"
#include "ops/arm/fpu.h"
#include "ops/x86.h"

enum { channels_at_once = 8, most_places = 49 };

/* How far it is to the next kernel place of a row, and to that of the next row, in floats: in the gradient
 * and in the weights. */
typedef struct {
  int32_t g_column, g_row, weight_column, weight_row;
} place_steps;

#ifdef OPS_HAS_FPU
/* y[c] = sum of g[c] * weight[c] for eight channels over `rows` by `columns` kernel places, row by row. */
static inline void eight_channels(const float* g, const float* weight, int32_t rows, int32_t columns,
                                  const place_steps* steps, float* y) {
  int32_t left = 0;
  const int32_t g_row = 4 * (steps->g_row - columns * steps->g_column);
  const int32_t weight_row = 4 * (steps->weight_row - columns * steps->weight_column);
  __asm__ volatile(
      "vmov s0, s1, %[n], %[n]\n\tvmov s2, s3, %[n], %[n]\n\t"
      "vmov s4, s5, %[n], %[n]\n\tvmov s6, s7, %[n], %[n]\n\t"
      "cmp %[rows], #0\n\t"
      "beq 3f\n\t"
      "1: movs %[n], %[columns]\n\t"
      "beq 3f\n"
      "2: vldmia %[g], {s8-s15}\n\t"
      "add %[g], %[g], %[g_column]\n\t"
      "vldmia %[w], {s16-s23}\n\t"
      "add %[w], %[w], %[w_column]\n\t"
      "vmul.f32 s24, s8, s16\n\tvmul.f32 s25, s9, s17\n\t"
      "vmul.f32 s26, s10, s18\n\tvmul.f32 s27, s11, s19\n\t"
      "vmul.f32 s28, s12, s20\n\tvmul.f32 s29, s13, s21\n\t"
      "vmul.f32 s30, s14, s22\n\tvmul.f32 s31, s15, s23\n\t"
      "vadd.f32 s0, s0, s24\n\tvadd.f32 s1, s1, s25\n\t"
      "vadd.f32 s2, s2, s26\n\tvadd.f32 s3, s3, s27\n\t"
      "vadd.f32 s4, s4, s28\n\tvadd.f32 s5, s5, s29\n\t"
      "vadd.f32 s6, s6, s30\n\tvadd.f32 s7, s7, s31\n\t"
      "subs %[n], %[n], #1\n\t"
      "bne 2b\n\t"
      "add %[g], %[g], %[g_row]\n\t"
      "add %[w], %[w], %[w_row]\n\t"
      "subs %[rows], %[rows], #1\n\t"
      "bne 1b\n"
      "3: vstmia %[y], {s0-s7}\n\t"
      : [g] "+r"(g), [w] "+r"(weight), [rows] "+r"(rows), [n] "+r"(left)
      : [columns] "r"(columns), [g_column] "r"(4 * steps->g_column), [w_column] "r"(4 * steps->weight_column),
        [g_row] "r"(g_row), [w_row] "r"(weight_row), [y] "r"(y)
      : FPU_REGISTERS, "cc", "memory");
}
#else
static inline void eight_channels(const float* g, const float* weight, int32_t rows, int32_t columns,
                                  const place_steps* steps, float* y) {
  for (int32_t c = 0; c < 8; ++c) y[c] = 0;
  for (int32_t row = 0; row < rows; ++row) {
    for (int32_t column = 0; column < columns; ++column) {
      const float* of_place = g + (ptrdiff_t)(row * steps->g_row) + (ptrdiff_t)(column * steps->g_column);
      const float* weights =
          weight + (ptrdiff_t)(row * steps->weight_row) + (ptrdiff_t)(column * steps->weight_column);
      for (int32_t c = 0; c < 8; ++c) y[c] += of_place[c] * weights[c];
    }
  }
}
#endif

/* The kernel places along one side through which input place i is read: first, first + stride, ...; the first
 * one by output `reader`, the next by the one before it. */
typedef struct {
  int32_t first, count, reader;
} readers;

static inline readers readers_of(int32_t i, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
  const int32_t from = i + pad, last = from - stride * (size - 1); /* the last output's place */
  readers r;
  r.first = last > 0 ? last : stride == 1 ? 0 : from % stride;
  const int32_t end = ops_min(kernel - 1, from);
  r.count = end < r.first ? 0 : stride == 1 ? end - r.first + 1 : (end - r.first) / stride + 1;
  r.reader = stride == 1 ? from - r.first : (from - r.first) / stride;
  return r;
}

void ops_depthwise_input_gradient_fpu(const float* gradient, const int8_t* weight, float* y,
                                      const ops_window* w) {
  const int32_t channels = w->in_channels, places = w->kernel_height * w->kernel_width;
  if (w->out_channels != channels || channels < channels_at_once || places > most_places ||
      w->dilation_height != 1 || w->dilation_width != 1) {
    ops_depthwise_input_gradient_plain(gradient, weight, y, w);
    return;
  }
  float of_place[most_places * channels_at_once];
  const size_t apart = (size_t)channels;
  const place_steps steps = {-channels, -w->out_width * channels, channels_at_once * w->stride_width,
                             channels_at_once * w->kernel_width * w->stride_height};
  for (int32_t channel = 0; channel < channels; channel += channels_at_once) {
    /* The last eight again where the channels are no multiple: the same sums. */
    const int32_t c = ops_min(channel, channels - channels_at_once);
    for (int32_t half = 0; half < channels_at_once; half += fpu_tile)
      fpu_widen_rows(weight + c + half, apart, places, of_place + half, channels_at_once);
    for (int32_t iy = 0; iy < w->in_height; ++iy) {
      const readers rows = readers_of(iy, w->stride_height, w->pad_top, w->kernel_height, w->out_height);
      float* to = y + (size_t)(iy * w->in_width) * apart + (size_t)c;
      for (int32_t ix = 0; ix < w->in_width; ++ix, to += apart) {
        const readers columns = readers_of(ix, w->stride_width, w->pad_left, w->kernel_width, w->out_width);
        const float* g = gradient + (size_t)(rows.reader * w->out_width + columns.reader) * apart + (size_t)c;
        const float* of_first =
            of_place + (ptrdiff_t)(channels_at_once * (rows.first * w->kernel_width + columns.first));
        eight_channels(g, of_first, rows.count, columns.count, &steps, to);
      }
    }
  }
}
