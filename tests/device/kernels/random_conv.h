/* Random numbers and windows, the same on every machine. */
#ifndef FRUGAL_TESTS_RANDOM_CONV_H
#define FRUGAL_TESTS_RANDOM_CONV_H

#include "kernels/ops.h"

static uint32_t random_state;
static inline uint32_t random_bits(void) {
  random_state = random_state * 1664525u + 1013904223u;
  return random_state >> 8; /* the last bits of such a sequence repeat soon */
}
static inline int32_t random_between(int32_t low, int32_t high) {
  return low + (int32_t)(random_bits() % (uint32_t)(high - low + 1));
}
static inline void random_bytes(int8_t* to, int32_t count) {
  for (int32_t i = 0; i < count; ++i) to[i] = (int8_t)random_between(-128, 127);
}

/* FNV-1a of every byte. */
static inline uint32_t hashed(uint32_t hash, const void* from, size_t bytes) {
  const uint8_t* at = from;
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ at[i]) * 16777619u;
  return hash;
}

/* Square or not, odd shapes, strides, padding, dilation, groups; 1x1 every third. */
static inline ops_window random_window(int32_t depthwise) {
  ops_window w;
  w.groups = depthwise || random_between(0, 2) != 0 ? 1 : random_between(2, 3);
  w.in_channels = w.groups * random_between(1, depthwise ? 37 : 27);
  w.out_channels =
      depthwise ? w.in_channels * (random_between(0, 3) == 0 ? 2 : 1) : w.groups * random_between(1, 19);
  const int32_t pointwise = !depthwise && random_between(0, 2) == 0;
  const int32_t side = 2 * random_between(1, 3) + 1;
  const int32_t square = random_between(0, 1);
  w.kernel_height = pointwise ? 1 : square ? side : random_between(1, 4);
  w.kernel_width = pointwise ? 1 : square ? side : random_between(1, 5);
  w.stride_height = pointwise && square ? 1 : random_between(1, 2);
  w.stride_width = pointwise && square ? 1 : square ? w.stride_height : random_between(1, 3);
  w.dilation_height = square ? 1 : random_between(1, 2);
  w.dilation_width = square || random_between(0, 3) != 0 ? 1 : 2;
  w.pad_top = pointwise && square ? 0 : random_between(0, w.kernel_height / 2);
  w.pad_left = pointwise && square ? 0 : random_between(0, w.kernel_width / 2);
  w.in_height = random_between(9, 13);
  w.in_width = random_between(9, 13);
  if (depthwise && random_between(0, 2) == 0) { /* more rows than fit a kernel's scratch at once */
    w.in_channels = random_between(4, 9);
    w.out_channels = w.in_channels;
    w.in_height = random_between(30, 40);
    w.in_width = random_between(30, 40);
  }
  const int32_t pad_bottom = w.pad_top == 0 ? 0 : random_between(0, w.pad_top);
  w.out_height = (w.in_height + w.pad_top + pad_bottom - (w.kernel_height - 1) * w.dilation_height - 1) /
                     w.stride_height +
                 1;
  w.out_width =
      (w.in_width + 2 * w.pad_left - (w.kernel_width - 1) * w.dilation_width - 1) / w.stride_width + 1;
  return w;
}

#endif
