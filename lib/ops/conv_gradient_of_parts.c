/* The input gradient of a convolution whose weight lies in two places: a few input channels at a time are put
 * together. */
#include "ops/channels.h"
#include "ops/common.h"

enum { channels_at_once = 8 };

static size_t pixels_of(const ops_window* w) { return (size_t)w->in_height * (size_t)w->in_width; }
static int32_t rows_of(const ops_window* w) { return w->out_channels * w->kernel_height * w->kernel_width; }

size_t ops_conv_input_gradient_of_parts_scratch(const ops_window* w) {
  return channels_at_once * (sizeof(float) * pixels_of(w) + (size_t)rows_of(w));
}

void ops_conv_input_gradient_of_parts(const float* gradient, const int8_t* frozen, const int8_t* trained,
                                      float* y, const int32_t* channels, int32_t count, void* scratch,
                                      const ops_window* w) {
  const int32_t in = w->in_channels;
  const size_t pixels = pixels_of(w);
  float* given = (float*)scratch;
  ops_part part = {0, 0};
  for (; part.first < in; part.first += part.count) {
    part.count = ops_min(channels_at_once, in - part.first);
    ops_conv_input_gradient_of_parts_part(gradient, frozen, trained, given, channels, count,
                                          given + channels_at_once * pixels, w, &part);
    ops_put_channels(given, y + part.first, pixels, in, part.count);
  }
}
