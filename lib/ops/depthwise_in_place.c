/* The input gradient of a depthwise convolution of stride 1 where the gradient lay: a few channels at a time
 * are copied out, so that memory for a second map is not needed. */
#include "ops/common.h"

enum { channels_at_once = 8 };

static int32_t block_of(const ops_window* w) {
  return w->in_channels < channels_at_once ? w->in_channels : channels_at_once;
}
static size_t pixels_of(const ops_window* w) { return (size_t)w->in_height * (size_t)w->in_width; }

size_t ops_depthwise_input_gradient_in_place_scratch(const ops_window* w) {
  const size_t block = (size_t)block_of(w);
  return 2 * sizeof(float) * pixels_of(w) * block + (size_t)(w->kernel_height * w->kernel_width) * block;
}

void ops_depthwise_input_gradient_in_place(const float* gradient, const int8_t* weight, float* y,
                                           void* scratch, const ops_window* w) {
  const int32_t channels = w->in_channels, places = w->kernel_height * w->kernel_width;
  const size_t pixels = pixels_of(w);
  ops_window window = *w;
  for (int32_t first = 0; first < channels; first += window.in_channels) {
    const int32_t left = channels - first, block = left < block_of(w) ? left : block_of(w);
    float* taken = (float*)scratch;
    float* given = taken + pixels * (size_t)block;
    int8_t* weights = (int8_t*)(given + pixels * (size_t)block);
    ops_take_channels(gradient + first, taken, pixels, channels, block);
    for (int32_t p = 0; p < places; ++p)
      for (int32_t c = 0; c < block; ++c) weights[p * block + c] = weight[p * channels + first + c];
    window.in_channels = window.out_channels = window.groups = block;
    ops_depthwise_input_gradient(taken, weights, given, &window);
    ops_put_channels(given, y + first, pixels, channels, block);
  }
}
