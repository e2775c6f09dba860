/* int8 depthwise convolution with vectors (MVE). One channel at a time is copied out of a band of rows into a
 * plane, padding as the zero point; there four outputs that lie side by side take four bytes an instruction,
 * and sixteen outputs share each weight.
 *
 * Stride 2: even columns, then odd ones, so that outputs take bytes that lie side by side. A row of the
 * kernel then is two segments; segments of the plane lie `segment` bytes apart, those of the kernel one after
 * the other, filled up with a weight of 0 where the second is shorter. */
#include "ops/arm.h"
#include "ops/arm/mve.h"
#include "ops/x86.h"

enum { lanes = 4, vectors = 4, most_taps = 128, most_channels = 4096, plane_bytes_wished = 2048 };

typedef struct {
  int32_t taps;    /* of a segment of the kernel */
  int32_t segment; /* bytes of one of the plane */
  int32_t band;    /* output rows that a plane serves */
  int32_t rows;    /* of the plane */
} layout;

static int is_fast(const ops_window* w) {
  return w->in_channels == w->out_channels && w->in_channels <= most_channels && w->stride_width <= 2 &&
         w->dilation_width == 1 && w->dilation_height == 1 &&
         w->kernel_height * (w->kernel_width + 1) <= most_taps;
}

static layout layout_of(const ops_window* w) {
  layout l;
  const int32_t stride = w->stride_width, across = (w->out_width + lanes - 1) / lanes * lanes;
  l.taps = (w->kernel_width + stride - 1) / stride;
  l.segment = ops_max(across + l.taps - 1, (w->pad_left + w->in_width + stride - 1) / stride);
  const int32_t fit = plane_bytes_wished / (l.segment * stride);
  l.band = ops_max(1, ops_min(w->out_height, (fit - w->kernel_height) / w->stride_height + 1));
  l.rows = (l.band - 1) * w->stride_height + w->kernel_height;
  return l;
}

static size_t plane_bytes(const layout* l, const ops_window* w) {
  return (size_t)l->rows * (size_t)w->stride_width * (size_t)l->segment;
}

size_t ops_depthwise_conv_i8_mve_scratch(const ops_window* w) {
  if (!is_fast(w)) return ops_depthwise_conv_i8_plain_scratch(w);
  const layout l = layout_of(w);
  return most_taps + plane_bytes(&l, w);
}

/* ---- innermost loops ---------------------------------------------------------------------------------- */

#ifdef OPS_HAS_MVE
/* to[r][i] = x[r][i * apart] for `rows` rows, at least one, of `count` numbers, at least one. */
static inline void gather(const int8_t* x, size_t x_row, int32_t apart, int32_t rows, int32_t count,
                          int8_t* to, int32_t to_row) {
  int32_t number = 0;
  const int8_t* from;
  int8_t* at;
  __asm__ volatile(
      "vidup.u16 q1, %[number], #1\n\t"
      "vmul.i16 q1, q1, %[apart]\n"
      "2: mov %[from], %[x]\n\t"
      "mov %[at], %[to]\n\t"
      "dlstp.16 lr, %[n]\n"
      "1: vldrb.u16 q0, [%[from], q1]\n\t"
      "add %[from], %[from], %[apart], lsl #3\n\t"
      "vstrb.16 q0, [%[at]], #8\n\t"
      "letp lr, 1b\n\t"
      "add %[x], %[x], %[x_row]\n\t"
      "add %[to], %[to], %[to_row]\n\t"
      "subs %[rows], %[rows], #1\n\t"
      "bne 2b\n\t"
      : [x] "+r"(x), [to] "+r"(to), [rows] "+r"(rows), [number] "+Te"(number), [from] "=&r"(from),
        [at] "=&l"(at)
      : [apart] "r"(apart), [n] "r"(count), [x_row] "r"(x_row), [to_row] "r"(to_row)
      : "q0", "q1", "lr", "cc", "memory");
}

/* sums[4 * v + i] = start + the products of `segments` times `taps` weights with what lies i bytes behind
 * from[v]. */
static inline void multiply(const int8_t* const from[vectors], const int8_t* weights, int32_t segments,
                            int32_t taps, int32_t skip, int32_t start, int32_t* sums) {
  const int8_t *a = from[0], *b = from[1], *c = from[2], *d = from[3];
  int32_t weight = start;
  sums[0] = taps, sums[1] = skip; /* where they are read from: registers are few */
  __asm__ volatile(
      "vdup.32 q4, %[w]\n\t"
      "vdup.32 q5, %[w]\n\t"
      "vdup.32 q6, %[w]\n\t"
      "vdup.32 q7, %[w]\n"
      "2: ldr %[w], [%[sums]]\n\t"
      "dls lr, %[w]\n"
      "1: ldrsb %[w], [%[weights]], #1\n\t"
      "vldrb.s32 q0, [%[a]], #1\n\t"
      "vldrb.s32 q1, [%[b]], #1\n\t"
      "vmla.s32 q4, q0, %[w]\n\t"
      "vldrb.s32 q2, [%[c]], #1\n\t"
      "vmla.s32 q5, q1, %[w]\n\t"
      "vldrb.s32 q3, [%[d]], #1\n\t"
      "vmla.s32 q6, q2, %[w]\n\t"
      "vmla.s32 q7, q3, %[w]\n\t"
      "le lr, 1b\n\t"
      "ldr %[w], [%[sums], #4]\n\t"
      "add %[a], %[a], %[w]\n\t"
      "add %[b], %[b], %[w]\n\t"
      "add %[c], %[c], %[w]\n\t"
      "add %[d], %[d], %[w]\n\t"
      "subs %[n], %[n], #1\n\t"
      "bne 2b\n\t"
      "vstrw.32 q4, [%[sums]]\n\t"
      "vstrw.32 q5, [%[sums], #16]\n\t"
      "vstrw.32 q6, [%[sums], #32]\n\t"
      "vstrw.32 q7, [%[sums], #48]\n\t"
      : [a] "+l"(a), [b] "+l"(b), [c] "+l"(c), [d] "+l"(d), [weights] "+r"(weights), [w] "+r"(weight),
        [n] "+r"(segments)
      : [sums] "r"(sums)
      : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "lr", "cc", "memory");
}

/* y[v][i * apart] = clamp(round(sums[4 * v + i] * scale) + zero) to int8, of the first counts[v] of each
 * four; offset: zero - OPS_SHIFTER_BITS. */
#define FOUR(at, count)             \
  "vldrw.32 q0, [%[sums], #" at     \
  "]\n\t"                           \
  "ldr %[t], [%[counts], #" count   \
  "]\n\t"                           \
  "vcvt.f32.s32 q0, q0\n\t"         \
  "vctp.32 %[t]\n\t"                \
  "vmul.f32 q0, q0, %[scale]\n\t"   \
  "ldr %[t], [%[y], #" count        \
  "]\n\t"                           \
  "vadd.f32 q0, q0, %[shifter]\n\t" \
  "vqadd.s32 q0, q0, %[offset]\n\t" \
  "vqmovnb.s32 q0, q0\n\t"          \
  "vqmovnb.s16 q0, q0\n\t"          \
  "vpst\n\t"                        \
  "vstrbt.32 q0, [%[t], q1]\n\t"
static inline void finish(const int32_t* sums, float scale, int32_t offset, const int32_t counts[vectors],
                          int8_t* const y[vectors], int32_t apart) {
  int32_t number = 0, t;
  __asm__ volatile(
      "vidup.u32 q1, %[number], #1\n\t"
      "vmul.i32 q1, q1, %[apart]\n\t" FOUR("0", "0") FOUR("16", "4") FOUR("32", "8") FOUR("48", "12")
      : [number] "+Te"(number), [t] "=&r"(t)
      : [sums] "r"(sums), [apart] "r"(apart), [scale] "r"(scale), [counts] "r"(counts),
        [shifter] "r"(OPS_SHIFTER_BITS), [offset] "r"(offset), [y] "r"(y)
      : "q0", "q1", "memory");
}
#else
static inline void gather(const int8_t* x, size_t x_row, int32_t apart, int32_t rows, int32_t count,
                          int8_t* to, int32_t to_row) {
  for (; rows > 0; --rows, x += x_row, to += to_row) {
    for (int32_t i = 0; i < count; ++i) to[i] = x[(ptrdiff_t)(i * apart)];
  }
}

static inline void multiply(const int8_t* const from[vectors], const int8_t* weights, int32_t segments,
                            int32_t taps, int32_t skip, int32_t start, int32_t* sums) {
  for (int32_t i = 0; i < lanes * vectors; ++i) {
    const int8_t *x = from[i / lanes] + i % lanes, *w = weights;
    sums[i] = start;
    for (int32_t s = 0; s < segments; ++s, x += skip) {
      for (int32_t tap = 0; tap < taps; ++tap) sums[i] += *x++ * *w++;
    }
  }
}

#ifndef OPS_NO_FLOAT
static inline void finish(const int32_t* sums, float scale, int32_t offset, const int32_t counts[vectors],
                          int8_t* const y[vectors], int32_t apart) {
  for (int32_t v = 0; v < vectors; ++v) {
    for (int32_t i = 0; i < counts[v]; ++i)
      y[v][(ptrdiff_t)(i * apart)] =
          (int8_t)dsp_clamp_to_byte(ops_scaled_plus(sums[lanes * v + i], scale, offset));
  }
}
#endif
#endif

/* ---- the kernel --------------------------------------------------------------------------------------- */

/* Every stride-th of `columns` columns of `rows` rows, for each of the stride's phases; `pad` columns are
 * before them in the plane. */
static void gather_phases(const int8_t* x, int32_t columns, int32_t pad, int32_t rows, int8_t* to,
                          int32_t segment, const ops_window* w) {
  const int32_t stride = w->stride_width, channels = w->in_channels;
  for (int32_t first = 0; first < ops_min(stride, columns); ++first) {
    const int32_t at = first + pad, count = stride == 1 ? columns : (columns - first + 1) / 2;
    const int32_t place = stride == 1 ? at : at % 2 * segment + at / 2;
    gather(x + (ptrdiff_t)(first * channels), (size_t)columns * (size_t)channels, stride * channels, rows,
           count, to + place, stride * segment);
  }
}

/* Sixteen outputs of one channel: parts of a row, or rows one after the other. Where there are fewer, the
 * last again: the same numbers are written twice. */
typedef struct {
  int32_t in_plane[vectors], in_y[vectors], counts[vectors]; /* from the first; outputs of each vector */
  int32_t rows, columns;                                     /* to the next sixteen */
  int32_t there;                                             /* vectors */
} block;

static block block_of(int32_t rows, int32_t columns, const layout* l, const ops_window* w) {
  block b;
  const int32_t a_row = (w->out_width + lanes - 1) / lanes;
  b.rows = a_row == 1 ? 4 : a_row == 2 ? 2 : 1;
  const int32_t in_row = vectors / b.rows;
  b.columns = lanes * in_row;
  b.there = ops_min(rows, b.rows) * ops_min(in_row, (columns + lanes - 1) / lanes);
  for (int32_t v = 0; v < vectors; ++v) {
    const int32_t which = ops_min(v, b.there - 1), row = which / in_row, column = lanes * (which % in_row);
    b.in_plane[v] = row * w->stride_height * w->stride_width * l->segment + column;
    b.in_y[v] = (row * w->out_width + column) * w->out_channels;
    b.counts[v] = ops_min(lanes, columns - column);
  }
  return b;
}

/* One channel's numbers. */
typedef struct {
  const ops_requantize* to;
  int8_t* y;
  uint8_t* mask;
  int32_t channel, start, late_bias;
  int fast;
} target;

static void finish_any(const int32_t* sums, size_t at, int32_t count, const target* t, int32_t channels) {
  for (int32_t i = 0; i < count; ++i, at += (size_t)channels) {
    const int32_t sum = dsp_saturating_add(sums[i], t->late_bias);
    const int32_t value = ops_rescaled(sum, t->channel, t->to) + t->to->out_zero;
    t->y[at] = (int8_t)ops_clamp(value, t->to->low, t->to->high);
    if (t->mask) ops_set_mask_bit(t->mask, at, value >= t->to->low && value <= t->to->high);
  }
}

/* The outputs of a block, whose first input is at `plane` and whose first output has the place `at`. */
static inline void run_block(const int8_t* plane, const int8_t* weights, size_t at, const layout* l,
                             const block* b, const target* t, const ops_window* w) {
  const int8_t* from[vectors];
  int32_t sums[lanes * vectors];
  for (int32_t v = 0; v < vectors; ++v) from[v] = plane + b->in_plane[v];
  multiply(from, weights, w->kernel_height * w->stride_width, l->taps, l->segment - l->taps, t->start, sums);
#ifndef OPS_NO_FLOAT
  if (t->fast) {
    int8_t* y[vectors];
    for (int32_t v = 0; v < vectors; ++v) y[v] = t->y + at + b->in_y[v];
    finish(sums, t->to->scale[t->channel], t->to->out_zero - OPS_SHIFTER_BITS, b->counts, y, w->out_channels);
    return;
  }
#endif
  for (int32_t v = 0; v < b->there; ++v)
    finish_any(sums + (ptrdiff_t)(lanes * v), at + (size_t)b->in_y[v], b->counts[v], t, w->out_channels);
}

/* `rows` output rows of a band, the first of them number `first` of the image. */
static void run_band(const int8_t* plane, const int8_t* weights, int32_t first, int32_t rows, const layout* l,
                     const block* whole, const target* t, const ops_window* w) {
  const int32_t channels = w->out_channels, step = w->stride_height * w->stride_width * l->segment;
  for (int32_t row = 0; row < rows; row += whole->rows) {
    size_t at = (size_t)((first + row) * w->out_width) * (size_t)channels + (size_t)t->channel;
    const int8_t* from = plane + (ptrdiff_t)(row * step);
    for (int32_t column = 0; column < w->out_width; column += whole->columns) {
      if (row + whole->rows <= rows && column + whole->columns <= w->out_width) {
        run_block(from, weights, at, l, whole, t, w);
      } else {
        const block part = block_of(rows - row, w->out_width - column, l, w);
        run_block(from, weights, at, l, &part, t, w);
      }
      at += (size_t)(whole->columns * channels);
      from += whole->columns;
    }
  }
}

/* Input rows of a band of one channel into the plane; `clear`: its rows of padding too. */
static void load_band(const int8_t* x, int32_t zero, int32_t top, int clear, int8_t* plane, const layout* l,
                      const ops_window* w) {
  const int32_t from = ops_max(top, 0), to = ops_max(from, ops_min(top + l->rows, w->in_height));
  const size_t row_bytes = (size_t)w->stride_width * (size_t)l->segment;
  if (clear) {
    memset(plane, zero, (size_t)(from - top) * row_bytes);
    memset(plane + (size_t)(to - top) * row_bytes, zero, (size_t)(top + l->rows - to) * row_bytes);
  }
  if (to == from) return;
  gather_phases(x + (size_t)from * (size_t)w->in_width * (size_t)w->in_channels, w->in_width, w->pad_left,
                to - from, plane + (size_t)(from - top) * row_bytes, l->segment, w);
}

void ops_depthwise_conv_i8_mve(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                               uint8_t* mask, void* scratch, const ops_window* w, const ops_requantize* to) {
  if (!is_fast(w)) {
    ops_depthwise_conv_i8_plain(x, weight, bias, y, mask, scratch, w, to);
    return;
  }
  const layout l = layout_of(w);
  const block whole = block_of(l.band, w->out_width, &l, w);
  const int32_t taps = w->kernel_height * w->stride_width * l.taps;
  int8_t *weights = scratch, *plane = weights + most_taps;
  memset(weights, 0, most_taps);                  /* what fills a segment stays so */
  memset(plane, to->in_zero, plane_bytes(&l, w)); /* and columns of padding */
  const int plain_way = mask || to->rounding != OPS_FLOAT32_HALF_EVEN || to->low != -128 || to->high != 127;
  for (int32_t c = 0; c < w->out_channels; ++c) {
    gather_phases(weight + c, w->kernel_width, 0, w->kernel_height, weights, l.taps, w);
    const int32_t upon = bias ? bias[c] : 0, start = -to->in_zero * mve_sum(weights, taps);
    const int small = ops_bias_is_small(upon, w->kernel_height * w->kernel_width);
    const target t = {to, y, mask, c, start + (small ? upon : 0), small ? 0 : upon, small && !plain_way};
    for (int32_t first = 0; first < w->out_height; first += l.band) {
      load_band(x + c, to->in_zero, first * w->stride_height - w->pad_top, l.band < w->out_height, plane, &l,
                w);
      run_band(plane, weights, first, ops_min(l.band, w->out_height - first), &l, &whole, &t, w);
    }
  }
}
