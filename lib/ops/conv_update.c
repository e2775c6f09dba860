/* A convolution's weights learn a few output channels at a time, so that the gradient of all of them is never
 * in memory. */
#include "ops/common.h"

enum { outputs_at_once = 4 };

static size_t aligned(size_t bytes) { return (bytes + 7) / 8 * 8; }
static size_t gradient_bytes(const ops_window* w) {
  return aligned(sizeof(float) * outputs_at_once * (size_t)w->out_height * (size_t)w->out_width);
}

size_t ops_conv_weight_update_scratch(const ops_window* w, int32_t trained) {
  const size_t area = (size_t)w->kernel_height * (size_t)w->kernel_width;
  return gradient_bytes(w) + sizeof(float) * outputs_at_once * area * (size_t)trained;
}

void ops_conv_weight_update_i8(int8_t* weight, const int8_t* x, int32_t x_zero, const float* gradient,
                               const float* factor, const float* rate, const uint32_t* seed, void* scratch,
                               const int32_t* taken, const ops_window* w, const ops_update* how) {
  const size_t pixels = (size_t)w->out_height * (size_t)w->out_width;
  float* part = (float*)scratch; /* of the gradient, [pixels][outputs] */
  float* sums = (float*)(void*)((char*)scratch + gradient_bytes(w));
  ops_window window = *w;
  ops_update update = *how;
  for (int32_t o = 0; o < w->out_channels; o += update.outer) {
    update.outer = window.out_channels = ops_min(outputs_at_once, w->out_channels - o);
    ops_take_channels(gradient + o, part, pixels, w->out_channels, update.outer);
    ops_conv_weight_gradient(x, x_zero, part, sums, taken, how->trained, &window);
    update.first = how->first + (uint32_t)(o * how->places * how->trained);
    ops_update_i8(weight + (size_t)o * (size_t)how->places * (size_t)how->inner, sums, factor + o, rate, seed,
                  &update);
  }
}
