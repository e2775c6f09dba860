/* Layers on int8 that run row by row: each takes of the one before only the rows that its next row needs, so
 * that the whole maps between them are never in memory. No row is computed twice. The last layer may give a
 * few rows at once, and so may those before it, which takes more memory and fewer instructions. */
#ifndef FRUGAL_OPS_ROWS_H
#define FRUGAL_OPS_ROWS_H

#include "ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  /* The layer's kernel with its weights and scales, on a window that gives some rows. */
  void (*run)(const int8_t* x, int8_t* y, const ops_window* window);
  const ops_window* window; /* of the whole layer; each row of it reads some row of the image */
  int8_t* rows;             /* room for ops_rows_kept rows of its input; of the first layer: null */
  int32_t at_once;          /* rows that it gives by one call, at most */
} ops_rows_layer;

/* Rows of a layer's input that it needs for so many rows of its output. */
int32_t ops_rows_kept(const ops_window* window, int32_t at_once);
/* x: input of the first layer, y: output of the last. state: two numbers a layer. */
void ops_run_rows(const ops_rows_layer* layers, int32_t count, const int8_t* x, int8_t* y, int32_t* state);

#ifdef __cplusplus
}
#endif

#endif
