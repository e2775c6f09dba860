#include "tensor/vector_loops.h"

#include <bit>
#include <cmath>
#include <limits>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FRUGAL_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FRUGAL_CLONES
#endif

namespace frugal::tensor {
namespace {

// exp with a relative error below 2e-7 on [-87, 88], beyond them that of the bound. Range reduction by Cody
// and Waite, polynomial of Cephes' expf.
[[gnu::always_inline]] inline float fast_exp(float x) {
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  constexpr float to_integer = 12582912.0F;  // 1.5 · 2^23: adding it rounds to the nearest whole number
  const float shifted = x * 1.44269504088896341F + to_integer;
  const float n = shifted - to_integer;
  const float r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto exponent = std::bit_cast<std::int32_t>(shifted) << 23;  // n is in the low bits of the sum
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(p) + exponent);
}

}  // namespace

FRUGAL_CLONES void gelu_loop(const float* x, float* value, float* slope, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float v = x[i];
    const float z = std::fabs(v) * 0.70710678118654752F;
    const float t = 1.0F / (1.0F + 0.3275911F * z);
    float q = 1.061405429F;
    q = q * t - 1.453152027F;
    q = q * t + 1.421413741F;
    q = q * t - 0.284496736F;
    q = q * t + 0.254829592F;
    const float e = fast_exp(-z * z);
    const float tail = 0.5F * q * t * e;  // 1 − Φ(|x|)
    const float phi = v >= 0.0F ? 1.0F - tail : tail;
    value[i] = v * phi;
    slope[i] = phi + v * e * 0.3989422804014327F;
  }
}

FRUGAL_CLONES void multiply_loop(const float* a, float* b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) b[i] *= a[i];
}

FRUGAL_CLONES void adam_loop(const AdamStep& step, float* p, const float* g, float* m, float* s,
                             std::int64_t count) {
  const AdamStep k = step;  // by value: nothing that is written can be it
  for (std::int64_t i = 0; i < count; ++i) {
    const float d = g[i] * k.scale + k.coupled * p[i];
    m[i] = k.beta1 * m[i] + (1 - k.beta1) * d;
    s[i] = k.beta2 * s[i] + (1 - k.beta2) * d * d;
    p[i] = k.shrink * p[i] - k.step_size * m[i] / (std::sqrt(s[i]) * k.root_correction + k.eps);
  }
}

FRUGAL_CLONES double square_sum(const float* values, std::int64_t count) {
  double lanes[8] = {};
  const std::int64_t whole = count / 8 * 8;
  for (std::int64_t i = 0; i < whole; i += 8) {
    for (std::int64_t k = 0; k < 8; ++k)
      lanes[k] += static_cast<double>(values[i + k]) * static_cast<double>(values[i + k]);
  }
  double total = 0;
  for (std::int64_t i = whole; i < count; ++i)
    total += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  for (const double lane : lanes) total += lane;
  return total;
}

FRUGAL_CLONES double cross_entropy_row(float* row, std::int64_t width, std::int64_t target, float scale) {
  constexpr std::int64_t lanes = 16;
  float largest[lanes], sums[lanes], raw[lanes];
  for (std::int64_t k = 0; k < lanes; ++k) {
    largest[k] = row[0];
    sums[k] = raw[k] = 0;
  }
  const std::int64_t whole = width / lanes * lanes;
  for (std::int64_t i = 0; i < whole; i += lanes) {
    for (std::int64_t k = 0; k < lanes; ++k) {
      largest[k] = row[i + k] > largest[k] ? row[i + k] : largest[k];
      raw[k] += row[i + k] * 0.0F;  // NaN where one is not finite
    }
  }
  for (std::int64_t i = whole; i < width; ++i) {
    largest[0] = row[i] > largest[0] ? row[i] : largest[0];
    raw[0] += row[i] * 0.0F;
  }
  float top = largest[0];
  for (std::int64_t k = 1; k < lanes; ++k) top = largest[k] > top ? largest[k] : top;
  const double picked = static_cast<double>(row[target]) - static_cast<double>(top);
  for (std::int64_t i = 0; i < whole; i += lanes) {
    for (std::int64_t k = 0; k < lanes; ++k) {
      row[i + k] = fast_exp(row[i + k] - top);
      sums[k] += row[i + k];
    }
  }
  double sum = 0;
  for (std::int64_t i = whole; i < width; ++i) {
    row[i] = fast_exp(row[i] - top);
    sum += static_cast<double>(row[i]);
  }
  for (std::int64_t k = 0; k < lanes; ++k) sum += static_cast<double>(sums[k]);
  const auto factor = static_cast<float>(static_cast<double>(scale) / sum);
  for (std::int64_t i = 0; i < width; ++i) row[i] *= factor;
  row[target] -= scale;
  double finite = 0;
  for (std::int64_t k = 0; k < lanes; ++k) finite += static_cast<double>(raw[k]);
  return std::log(sum) - picked + finite;
}

}  // namespace frugal::tensor
