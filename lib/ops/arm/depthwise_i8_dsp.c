/* int8 depthwise convolution with packed 16-bit arithmetic. Four channels at a time are copied out of a band
 * of rows into planes of int16, one a channel, zero point off and padding as 0; there pixels that lie side by
 * side make the pairs which SMLAD multiplies, for four outputs at once.
 *
 * A pair of weights begins at an even column. Where an output begins at an odd one (stride 1: every second),
 * its weights are stored shifted by one: (0, w0), (w1, w2), ... */
#include "ops/arm.h"
#include "ops/arm/finish.h"
#include "ops/x86.h"

enum { planes = 4, outputs_at_once = 4, widest_kernel = 7, plane_bytes_wished = 768 };

typedef struct {
  int32_t words;     /* pairs of weights in a kernel row */
  int32_t kinds;     /* 2 where shifted weights are needed */
  int32_t row_words; /* of a plane's row */
  int32_t rows;      /* of a plane */
  int32_t band;      /* output rows that a plane serves */
} layout;

static int is_fast(const ops_window* w) {
  return w->in_channels == w->out_channels && w->in_channels >= planes && w->kernel_width <= widest_kernel &&
         w->stride_width <= 2 && w->dilation_width == 1 && w->dilation_height == 1;
}

static layout layout_of(const ops_window* w) {
  layout l;
  const int32_t across = (w->out_width + outputs_at_once - 1) / outputs_at_once * outputs_at_once;
  l.words = w->kernel_width / 2 + 1;
  l.kinds = w->stride_width == 1 ? 2 : 1;
  /* Up to the last pair that is read for the last output; and all of the input. */
  const int32_t read = (across - 1) * w->stride_width / 2 + l.words;
  l.row_words = ops_max(read, (w->pad_left + w->in_width + 1) / 2);
  const int32_t fit = plane_bytes_wished / (4 * l.row_words);
  l.band = ops_max(1, ops_min(w->out_height, (fit - w->kernel_height) / w->stride_height + 1));
  l.rows = (l.band - 1) * w->stride_height + w->kernel_height;
  return l;
}

size_t ops_depthwise_conv_i8_dsp_scratch(const ops_window* w) {
  if (!is_fast(w)) return ops_depthwise_conv_i8_plain_scratch(w);
  const layout l = layout_of(w);
  return sizeof(uint32_t) * planes * (size_t)(l.rows * l.row_words + w->kernel_height * l.words * l.kinds);
}

/* Four channels of a pixel. Where fewer are left the word before the end is taken, so that nothing beyond the
 * image is read, and the others' bytes go away. */
static inline uint32_t load_channels(const int8_t* from, int32_t back) {
  return dsp_load(from - back) >> (8 * back);
}

/* Copies four channels of `count` pixels, which lie `apart`, into four rows, which lie `plane` words apart,
 * `off` added to each number. */
static void spread(const int8_t* from, int32_t back, int32_t count, int32_t apart, uint32_t off, int16_t* to,
                   int32_t plane) {
  int16_t *at_0 = to, *at_1 = to + (ptrdiff_t)(2 * plane), *at_2 = to + (ptrdiff_t)(4 * plane),
          *at_3 = to + (ptrdiff_t)(6 * plane);
  int32_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const uint32_t a = load_channels(from, back);
    from += apart;
    const uint32_t b = load_channels(from, back);
    from += apart;
    const uint32_t a_even = dsp_add_even(off, a), b_even = dsp_add_even(off, b);
    const uint32_t a_odd = dsp_add_odd(off, a), b_odd = dsp_add_odd(off, b);
    dsp_store(at_0, dsp_lows(a_even, b_even));
    dsp_store(at_1, dsp_lows(a_odd, b_odd));
    dsp_store(at_2, dsp_highs(a_even, b_even));
    dsp_store(at_3, dsp_highs(a_odd, b_odd));
    at_0 += 2, at_1 += 2, at_2 += 2, at_3 += 2;
  }
  if (i == count) return;
  const uint32_t a = load_channels(from, back);
  const uint32_t even = dsp_add_even(off, a), odd = dsp_add_odd(off, a);
  *at_0 = (int16_t)(even & 0xFFFFu);
  *at_1 = (int16_t)(odd & 0xFFFFu);
  *at_2 = (int16_t)(even >> 16);
  *at_3 = (int16_t)(odd >> 16);
}

/* Weights of four channels: [channel][kernel row][pair][kind]. */
static void spread_weights(const int8_t* weight, int32_t back, uint32_t* to, const layout* l,
                           const ops_window* w) {
  int16_t rows[planes][widest_kernel + 3]; /* a 0 before the first, two behind the last */
  memset(rows, 0, sizeof rows);
  const size_t row = (size_t)w->kernel_width * (size_t)w->out_channels;
  for (int32_t ky = 0; ky < w->kernel_height; ++ky) {
    for (int32_t kx = 0; kx < w->kernel_width; ++kx) {
      const uint32_t word = load_channels(weight + (size_t)ky * row + (size_t)(kx * w->out_channels), back);
      for (int32_t c = 0; c < planes; ++c) rows[c][kx + 1] = (int16_t)(int8_t)((word >> (8 * c)) & 0xFFu);
    }
    for (int32_t c = 0; c < planes; ++c) {
      uint32_t* pair = to + (ptrdiff_t)((c * w->kernel_height + ky) * l->words * l->kinds);
      for (int32_t j = 0; j < l->words; ++j) {
        memcpy(pair++, &rows[c][2 * j + 1], sizeof(uint32_t));
        if (l->kinds == 2) memcpy(pair++, &rows[c][j + j], sizeof(uint32_t));
      }
    }
  }
}

typedef struct {
  int32_t a, b, c, d;
} four_sums;

/* One pair of a kernel row with four outputs. Stride 1: outputs a, b begin in word j, c, d in the next. */
#define STRIDE_1(j)                                                                            \
  {                                                                                            \
    const uint32_t even = weights[(j) + (j)], odd = weights[(j) + (j) + 1], next = x[(j) + 1]; \
    s.a = dsp_smlad(now, even, s.a);                                                           \
    s.b = dsp_smlad(now, odd, s.b);                                                            \
    s.c = dsp_smlad(next, even, s.c);                                                          \
    s.d = dsp_smlad(next, odd, s.d);                                                           \
    now = next;                                                                                \
  }
/* Stride 2: each output begins a word after the one before. */
#define STRIDE_2(j)                                      \
  {                                                      \
    const uint32_t pair = weights[j], last = x[(j) + 3]; \
    s.a = dsp_smlad(x_0, pair, s.a);                     \
    s.b = dsp_smlad(x_1, pair, s.b);                     \
    s.c = dsp_smlad(x_2, pair, s.c);                     \
    s.d = dsp_smlad(last, pair, s.d);                    \
    x_0 = x_1, x_1 = x_2, x_2 = last;                    \
  }

static inline four_sums four_outputs(const uint32_t* x, int32_t row_words, const uint32_t* weights,
                                     int32_t rows, int32_t words, int32_t stride, int32_t start) {
  four_sums s = {start, start, start, start};
  if (stride == 1) {
    for (; rows != 0; --rows, x += row_words, weights += (ptrdiff_t)(2 * words)) {
      uint32_t now = x[0];
      STRIDE_1(0)
      if (words > 1) STRIDE_1(1)
      if (words > 2) STRIDE_1(2)
      if (words > 3) STRIDE_1(3)
    }
  } else {
    for (; rows != 0; --rows, x += row_words, weights += words) {
      uint32_t x_0 = x[0], x_1 = x[1], x_2 = x[2];
      STRIDE_2(0)
      if (words > 1) STRIDE_2(1)
      if (words > 2) STRIDE_2(2)
      if (words > 3) STRIDE_2(3)
    }
  }
  return s;
}

/* Where one channel's outputs go. */
typedef struct {
  const ops_requantize* to;
  int8_t* y;
  uint8_t* mask;
  int32_t channel, channels;
  int32_t bias;
  int small_bias;
  uint32_t bit; /* of the channel in each pixel's byte, where the mask began as 0; else 0 */
} target;

static inline int32_t scaled(int32_t sum, const target* t) {
  return ops_rescaled(t->small_bias ? sum : ops_saturating_add(sum, t->bias), t->channel, t->to) +
         t->to->out_zero;
}

/* `count` outputs, 1 to 4, of which the first is pixel `pixel`, in any rounding. */
static void finish_any(const four_sums* s, int32_t pixel, int32_t count, const target* t) {
  const int32_t sums[4] = {s->a, s->b, s->c, s->d};
  for (int32_t i = 0; i < count; ++i) {
    const int32_t value = scaled(sums[i], t);
    const size_t at = (size_t)(pixel + i) * (size_t)t->channels + (size_t)t->channel;
    t->y[at] = (int8_t)ops_clamp(value, t->to->low, t->to->high);
    if (t->mask) ops_set_mask_bit(t->mask, at, value >= t->to->low && value <= t->to->high);
  }
}

#ifndef OPS_NO_FLOAT
/* Rounds, clamps to int8 and stores one output, and sets its bit where it was not clamped. */
static inline void store(int32_t sum, float scale, int32_t offset, int8_t* y, uint8_t* mask, uint32_t bit) {
  const int32_t value = ops_scaled_plus(sum, scale, offset), byte = dsp_clamp_to_byte(value);
  *y = (int8_t)byte;
  if (bit != 0 && byte == value) *mask = (uint8_t)(*mask | bit);
}
#endif

/* One row of outputs of one channel. */
static inline void output_row(const uint32_t* x, const uint32_t* weights, int32_t first_pixel,
                              const layout* l, int32_t words, int32_t stride, const ops_window* w,
                              const target* t) {
  const int32_t start = t->small_bias ? t->bias : 0, rows = w->kernel_height, row_words = l->row_words;
  int32_t left = w->out_width;
#ifndef OPS_NO_FLOAT
  if (t->to->rounding == OPS_FLOAT32_HALF_EVEN && t->to->low == -128 && t->to->high == 127 && t->small_bias &&
      (!t->mask || t->bit != 0)) {
    const int32_t offset = t->to->out_zero - OPS_SHIFTER_BITS;
    const float scale = t->to->scale[t->channel];
    const size_t apart = (size_t)t->channels, bytes_apart = t->bit != 0 ? apart / 8 : 0;
    const uint32_t bit = t->bit;
    const size_t first = (size_t)first_pixel * apart + (size_t)t->channel;
    int8_t* y = t->y + first;
    uint8_t* mask = t->mask + first / 8;
    for (; left >= outputs_at_once; left -= outputs_at_once, x += (ptrdiff_t)(2 * stride)) {
      const four_sums s = four_outputs(x, row_words, weights, rows, words, stride, start);
      store(s.a, scale, offset, y, mask, bit);
      store(s.b, scale, offset, y + apart, mask + bytes_apart, bit);
      y += 2 * apart, mask += 2 * bytes_apart;
      store(s.c, scale, offset, y, mask, bit);
      store(s.d, scale, offset, y + apart, mask + bytes_apart, bit);
      y += 2 * apart, mask += 2 * bytes_apart;
      first_pixel += outputs_at_once;
    }
  }
#endif
  for (; left > 0; left -= outputs_at_once, x += (ptrdiff_t)(2 * stride), first_pixel += outputs_at_once) {
    const four_sums s = four_outputs(x, row_words, weights, rows, words, stride, start);
    finish_any(&s, first_pixel, ops_min(left, outputs_at_once), t);
  }
}

/* A form for each width of kernel and stride, so that their loops are straight. */
#define FORM(words, stride)                                                                      \
  static void rows_##words##_##stride(const uint32_t* x, const uint32_t* weights, int32_t first, \
                                      int32_t count, const layout* l, const ops_window* w,       \
                                      const target* t) {                                         \
    for (int32_t i = 0; i < count; ++i, x += (ptrdiff_t)(w->stride_height * l->row_words))       \
      output_row(x, weights, first + i * w->out_width, l, words, stride, w, t);                  \
  }
/* clang-format off */
FORM(1, 1)
FORM(2, 1)
FORM(3, 1)
FORM(4, 1)
FORM(1, 2)
FORM(2, 2)
FORM(3, 2)
FORM(4, 2)
/* clang-format on */

typedef void form(const uint32_t* x, const uint32_t* weights, int32_t first, int32_t count, const layout* l,
                  const ops_window* w, const target* t);
static form* const forms[2][4] = {{rows_1_1, rows_2_1, rows_3_1, rows_4_1},
                                  {rows_1_2, rows_2_2, rows_3_2, rows_4_2}};

/* Input rows [from, to) of a band whose first row is `top`, into the planes. */
static void load_rows(const int8_t* x, int32_t back, int32_t zero, int32_t top, int32_t from, int32_t to,
                      uint32_t* plane, const layout* l, const ops_window* w) {
  const uint32_t off = (uint32_t)(-zero & 0xFFFF) * 0x10001u;
  const int32_t words = l->rows * l->row_words;
  for (int32_t iy = from; iy < to; ++iy) {
    uint32_t* row = plane + (ptrdiff_t)((iy - top) * l->row_words);
    if (iy < 0 || iy >= w->in_height) {
      for (int32_t c = 0; c < planes; ++c)
        memset(row + (ptrdiff_t)(c * words), 0, sizeof(uint32_t) * (size_t)l->row_words);
    } else {
      spread(x + (size_t)iy * (size_t)w->in_width * (size_t)w->in_channels, back, w->in_width, w->in_channels,
             off, (int16_t*)row + w->pad_left, words);
    }
  }
}

void ops_depthwise_conv_i8_dsp(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                               uint8_t* mask, void* scratch, const ops_window* w, const ops_requantize* to) {
  if (!is_fast(w)) {
    ops_depthwise_conv_i8_plain(x, weight, bias, y, mask, scratch, w, to);
    return;
  }
  const layout l = layout_of(w);
  const int32_t channels = w->in_channels, words = l.rows * l.row_words;
  const int32_t weights_each = w->kernel_height * l.words * l.kinds;
  uint32_t *plane = scratch, *weights = plane + (ptrdiff_t)(planes * words);
  form* const run = forms[w->stride_width - 1][l.words - 1];
  memset(plane, 0, sizeof(uint32_t) * (size_t)(planes * words)); /* columns of padding stay so */
  const int whole_bytes = mask && channels % 8 == 0;
  if (whole_bytes) memset(mask, 0, (size_t)(w->out_height * w->out_width) * (size_t)(channels / 8));
  for (int32_t c = 0; c < channels; c += planes) {
    const int32_t count = ops_min(planes, channels - c), back = planes - count;
    spread_weights(weight + c, back, weights, &l, w);
    int32_t loaded = -w->pad_top; /* rows before it are in the planes */
    for (int32_t first = 0; first < w->out_height; first += l.band) {
      const int32_t rows = ops_min(l.band, w->out_height - first);
      const int32_t top = first * w->stride_height - w->pad_top;
      const int32_t kept = first == 0 ? 0 : ops_max(0, loaded - top);
      for (int32_t i = 0; kept != 0 && i < planes; ++i) {
        uint32_t* to_row = plane + (ptrdiff_t)(i * words);
        memmove(to_row, to_row + (ptrdiff_t)((l.rows - kept) * l.row_words),
                sizeof(uint32_t) * (size_t)(kept * l.row_words));
      }
      loaded = top + (rows - 1) * w->stride_height + w->kernel_height;
      load_rows(x + c, back, to->in_zero, top, top + kept, loaded, plane, &l, w);
      for (int32_t i = 0; i < count; ++i) {
        const uint32_t bit = whole_bytes ? 1u << ((c + i) % 8) : 0;
        const int32_t of_channel = bias ? bias[c + i] : 0;
        const int small = ops_bias_is_small(of_channel, w->kernel_height * w->kernel_width);
        const target t = {to, y, mask, c + i, channels, of_channel, small, bit};
        run(plane + (ptrdiff_t)(i * words), weights + (ptrdiff_t)(i * weights_each), first * w->out_width,
            rows, &l, w, &t);
      }
    }
  }
}
