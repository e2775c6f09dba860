/* The head in float: a fully connected layer, its gradients, and the loss. */
#include "ops/common.h"

OPS_KERNEL void ops_fully_connected_f32(const float* x, const float* weight, const float* bias, float* y,
                                        int32_t in, int32_t out) {
  for (int32_t o = 0; o < out; ++o) {
    const float* row = weight + (size_t)o * (size_t)in;
    float sum = 0;
    for (int32_t i = 0; i < in; ++i) sum += x[i] * row[i];
    y[o] = bias ? sum + bias[o] : sum;
  }
}

OPS_KERNEL void ops_add_f32(const float* a, const float* b, float* y, int32_t count) {
  for (int32_t i = 0; i < count; ++i) y[i] = a[i] + b[i];
}

OPS_KERNEL void ops_fully_connected_input_gradient(const float* gradient, const float* weight, float* y,
                                                   int32_t in, int32_t out) {
  for (int32_t i = 0; i < in; ++i) y[i] = 0;
  for (int32_t o = 0; o < out; ++o) {
    const float* row = weight + (size_t)o * (size_t)in;
    for (int32_t i = 0; i < in; ++i) y[i] += gradient[o] * row[i];
  }
}

OPS_KERNEL void ops_fully_connected_weight_gradient(const float* x, const float* gradient, float* y,
                                                    int32_t in, int32_t out) {
  for (int32_t o = 0; o < out; ++o) {
    for (int32_t i = 0; i < in; ++i) y[(size_t)o * (size_t)in + (size_t)i] = gradient[o] * x[i];
  }
}

/* exp by 2^n * p(r) with r = x - n ln 2 in [-ln 2 / 2, ln 2 / 2]; the polynomial is that of Cephes' expf
 * (S. Moshier). */
float ops_exp(float x) {
  if (x < -87.0f) return 0.0f;
  if (x > 88.0f) x = 88.0f;
  const int32_t n = ops_round(x * 1.44269504088896341f);
  float r = x - (float)n * 0.693359375f;
  r = r - (float)n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  union {
    uint32_t bits;
    float value;
  } power = {(uint32_t)(n + 127) << 23};
  return p * power.value;
}

/* log by exponent and mantissa; the polynomial is that of Cephes' logf. */
float ops_log(float x) {
  if (!(x < 3.0e38f)) return x; /* NaN, infinity */
  union {
    float value;
    uint32_t bits;
  } parts = {x};
  int32_t exponent = (int32_t)(parts.bits >> 23) - 126;
  parts.bits = (parts.bits & 0x007fffffu) | 0x3f000000u; /* [0.5, 1) */
  float m = parts.value;
  if (m < 0.707106781186547524f) {
    exponent -= 1;
    m = m + m - 1.0f;
  } else {
    m = m - 1.0f;
  }
  const float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = p * m * z;
  y = y + (float)exponent * -2.12194440e-4f;
  y = y - 0.5f * z;
  return m + y + (float)exponent * 0.693359375f;
}

static float most_of(const float* logits, int32_t classes) {
  float most = logits[0];
  for (int32_t c = 1; c < classes; ++c) most = logits[c] > most ? logits[c] : most;
  return most;
}

static float sum_of_exponentials(const float* logits, float most, int32_t classes) {
  float sum = 0;
  for (int32_t c = 0; c < classes; ++c) sum += ops_exp(logits[c] - most);
  return sum;
}

void ops_cross_entropy(const float* logits, const int32_t* label, float* loss, int32_t classes) {
  const float most = most_of(logits, classes);
  *loss = ops_log(sum_of_exponentials(logits, most, classes)) - (logits[*label] - most);
}

void ops_cross_entropy_gradient(const float* logits, const int32_t* label, float* gradient, int32_t classes) {
  const float most = most_of(logits, classes), sum = sum_of_exponentials(logits, most, classes);
  for (int32_t c = 0; c < classes; ++c)
    gradient[c] = ops_exp(logits[c] - most) / sum - (c == *label ? 1.0f : 0.0f);
}
