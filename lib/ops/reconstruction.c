/* How far an output on integers is from what the network took: the loss of an auto-encoder. */
#include "ops/ops.h"

static float difference(const int8_t* y, const int8_t* x, const ops_reconstruction* how, int32_t i) {
  return how->scale * (float)(y[i] - how->zero) - how->target_scale * (float)(x[i] - how->target_zero);
}

void ops_mean_squared_error(const int8_t* y, const int8_t* x, float* loss, const ops_reconstruction* how) {
  float sum = 0;
  for (int32_t i = 0; i < how->count; ++i) {
    const float d = difference(y, x, how, i);
    sum += d * d;
  }
  *loss = sum / (float)how->count;
}

void ops_mean_squared_error_gradient(const int8_t* y, const int8_t* x, float* gradient,
                                     const ops_reconstruction* how) {
  for (int32_t i = 0; i < how->count; ++i) gradient[i] = how->step * difference(y, x, how, i);
}
