/* The input gradient of a convolution whose weight lies in two places: a few input channels at a time are put
 * together. */
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
  const int32_t in = w->in_channels, rows = rows_of(w);
  const size_t pixels = pixels_of(w);
  float* given = (float*)scratch;
  int8_t* weight = (int8_t*)(given + channels_at_once * pixels);
  ops_window window = *w;
  int32_t next = 0; /* of the trained channels, which rise */
  for (int32_t first = 0; first < in; first += window.in_channels) {
    const int32_t some = ops_min(channels_at_once, in - first);
    int32_t end = next;
    while (end < count && channels[end] < first + some) ++end;
    for (int32_t r = 0; r < rows; ++r) {
      int8_t* row = weight + (size_t)r * (size_t)some;
      for (int32_t c = 0; c < some; ++c) row[c] = frozen[(size_t)r * (size_t)in + (size_t)(first + c)];
      for (int32_t i = next; i < end; ++i)
        row[channels[i] - first] = trained[(size_t)r * (size_t)count + (size_t)i];
    }
    next = end;
    window.in_channels = some;
    ops_conv_input_gradient(gradient, weight, given, &window);
    ops_put_channels(given, y + first, pixels, in, some);
  }
}
