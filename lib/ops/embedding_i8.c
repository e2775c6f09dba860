/* A table of int8 vectors, looked up. */
#include <string.h>

#include "ops/ops.h"

void ops_embedding_i8(const int32_t* tokens, const int8_t* table, int8_t* y, int32_t count, int32_t rows,
                      int32_t features) {
  for (int32_t i = 0; i < count; ++i) {
    int32_t row = tokens[i];
    if (row < 0) row = 0;
    if (row >= rows) row = rows - 1;
    memcpy(y + (size_t)i * (size_t)features, table + (size_t)row * (size_t)features, (size_t)features);
  }
}
