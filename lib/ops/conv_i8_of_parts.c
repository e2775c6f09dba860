/* An int8 convolution whose weight lies in two places: that of a few output channels at a time is put
 * together, and a row of the image at a time, so that what these channels give needs little memory of its
 * own. */
#include "ops/of_parts.h"

#include <string.h>

size_t ops_conv_i8_of_parts_scratch(const ops_window* w) {
  const ops_window some = ops_some_outputs(w);
  const ops_parts_scratch bytes = ops_scratch_of_parts(&some);
  return bytes.weight + bytes.given + bytes.mask + ops_conv_i8_scratch(&some);
}

static void put_bytes(const int8_t* from, int8_t* to, int32_t pixels, int32_t outputs, int32_t channels) {
  for (; pixels > 0; --pixels, from += outputs, to += channels) {
    if (outputs == ops_outputs_at_once) {
      memcpy(to, from, ops_outputs_at_once);
    } else {
      memcpy(to, from, (size_t)outputs);
    }
  }
}

/* Bits of [pixels][outputs] into those of [pixels][channels], from bit `first` on. */
static void put_mask(const uint8_t* from, uint8_t* to, size_t first, int32_t pixels, int32_t outputs,
                     int32_t channels) {
  if (outputs == ops_outputs_at_once && first % 8 == 0 && channels % 8 == 0) {
    for (int32_t p = 0; p < pixels; ++p, first += (size_t)channels, from += 2)
      to[first / 8] = from[0], to[first / 8 + 1] = from[1];
    return;
  }
  size_t at = 0;
  for (int32_t p = 0; p < pixels; ++p, first += (size_t)channels) {
    for (int32_t c = 0; c < outputs; ++c, ++at)
      ops_set_mask_bit(to, first + (size_t)c, ops_mask_bit(from, at));
  }
}

static ops_requantize scales_from(const ops_requantize* to, int32_t output) {
  ops_requantize some = *to;
  if (to->scale) some.scale = to->scale + output;
  if (to->multiplier) some.multiplier = to->multiplier + output;
  if (to->shift) some.shift = to->shift + output;
  return some;
}

void ops_conv_i8_of_parts(const int8_t* x, const int8_t* frozen, const int8_t* trained, const int32_t* bias,
                          int8_t* y, uint8_t* mask, const int32_t* channels, int32_t count, void* scratch,
                          const ops_window* w, const ops_requantize* to) {
  const int32_t area = w->kernel_height * w->kernel_width, out = w->out_channels;
  const size_t length = (size_t)area * (size_t)w->in_channels;
  ops_window some = ops_some_outputs(w);
  const ops_parts_scratch bytes = ops_scratch_of_parts(&some);
  int8_t* weight = (int8_t*)scratch;
  int8_t* given = weight + bytes.weight;
  uint8_t* mask_given = (uint8_t*)given + bytes.given;
  void* rest = mask_given + bytes.mask;
  for (int32_t o = 0; o < out; o += some.out_channels) {
    some.out_channels = ops_min(ops_outputs_at_once, out - o);
    ops_merge_channels(frozen + (size_t)o * length, trained + (size_t)o * (size_t)(area * count), weight,
                       some.out_channels * area, w->in_channels, channels, count);
    const ops_requantize scales = scales_from(to, o);
    for (int32_t row = 0, rows; row < w->out_height; row += rows) {
      rows = ops_min(ops_rows_at_once(w), w->out_height - row);
      int32_t begin;
      const ops_window window = ops_window_of_rows(&some, row, rows, &begin);
      const int8_t* from = x + (size_t)begin * (size_t)w->in_width * (size_t)w->in_channels;
      const size_t first = (size_t)row * (size_t)w->out_width * (size_t)out + (size_t)o;
      const int32_t pixels = rows * w->out_width;
      ops_conv_i8(from, weight, bias ? bias + o : 0, given, mask ? mask_given : 0, rest, &window, &scales);
      put_bytes(given, y + first, pixels, some.out_channels, out);
      if (mask) put_mask(mask_given, mask, first, pixels, some.out_channels, out);
    }
  }
}
