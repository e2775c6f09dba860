/* Layers that run row by row (rows.h). */
#include "ops/rows.h"

#include <string.h>

#include "ops/common.h"

typedef struct {
  const ops_rows_layer* layers;
  const int8_t* x;
  int32_t* state; /* of each layer: the first row of its input that is there, and the one behind the last */
} rows_run;

int32_t ops_rows_kept(const ops_window* w, int32_t at_once) {
  const int32_t kept = (at_once - 1) * w->stride_height + (w->kernel_height - 1) * w->dilation_height + 1;
  return kept < w->in_height ? kept : w->in_height;
}

static void make_rows(const rows_run* run, int32_t layer, int32_t row, int32_t count, int8_t* to);

/* Rows [begin, end) of a layer's input, side by side. */
static const int8_t* rows_of_input(const rows_run* run, int32_t layer, int32_t begin, int32_t end) {
  const ops_window* w = run->layers[layer].window;
  const size_t bytes = (size_t)w->in_width * (size_t)w->in_channels;
  if (layer == 0) return run->x + (size_t)begin * bytes;
  int8_t* rows = run->layers[layer].rows;
  int32_t* there = run->state + (ptrdiff_t)(2 * layer);
  if (begin > there[0]) {
    if (there[1] > begin) {
      memmove(rows, rows + (size_t)(begin - there[0]) * bytes, (size_t)(there[1] - begin) * bytes);
    } else {
      there[1] = begin;
    }
    there[0] = begin;
  }
  while (there[1] < end) {
    const int32_t count = ops_min(run->layers[layer - 1].at_once, end - there[1]);
    make_rows(run, layer - 1, there[1], count, rows + (size_t)(there[1] - begin) * bytes);
    there[1] += count;
  }
  return rows;
}

static void make_rows(const rows_run* run, int32_t layer, int32_t row, int32_t count, int8_t* to) {
  int32_t begin;
  const ops_window some = ops_window_of_rows(run->layers[layer].window, row, count, &begin);
  const int8_t* from = rows_of_input(run, layer, begin, begin + some.in_height);
  run->layers[layer].run(from, to, &some);
}

void ops_run_rows(const ops_rows_layer* layers, int32_t count, const int8_t* x, int8_t* y, int32_t* state) {
  const ops_window* last = layers[count - 1].window;
  const int32_t at_once = layers[count - 1].at_once;
  const size_t bytes = (size_t)last->out_width * (size_t)last->out_channels;
  const rows_run run = {layers, x, state};
  for (int32_t i = 0; i < 2 * count; ++i) state[i] = 0;
  for (int32_t row = 0; row < last->out_height; row += at_once)
    make_rows(&run, count - 1, row, ops_min(at_once, last->out_height - row), y + (size_t)row * bytes);
}
