#include "fit/numeric/vector_math.h"

#include <bit>
#include <cstdint>

namespace frugal::fit {
namespace {

constexpr double shifter = 6755399441055744.0;  // 1.5 · 2^52: adding it rounds to an integer in the low bits
constexpr double log2_e = 1.4426950408889634074;
constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;

[[gnu::always_inline]] inline double clamp_one(double x) {
  x = x < -708.0 ? -708.0 : x;
  return x > 708.0 ? 708.0 : x;
}

// Of a clamped number. Argument reduction to |r| <= ln2/2, then the Taylor series to degree 13 (remainder
// 4e-18).
[[gnu::always_inline]] inline double exp_one(double x) {
  const double shifted = x * log2_e + shifter;
  const double k = shifted - shifter;
  const double r = (x - k * ln2_high) - k * ln2_low;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r * r + r;
  const std::uint64_t bits = (std::bit_cast<std::uint64_t>(shifted) << 52) + 0x3ff0000000000000ull;
  const double scale = std::bit_cast<double>(bits);
  return scale + scale * p;
}

// Mantissa to [√½, √2), then 2 artanh((m − 1)/(m + 1)) to degree 23.
[[gnu::always_inline]] inline double log_one(double x) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x) - 0x3fe6a09e667f3bcdull;
  // The exponent as a double without an integer conversion, which AVX2 lacks: biased to be positive.
  const std::uint64_t biased = (bits + 0x4000000000000000ull) >> 52;
  const double exponent =
      std::bit_cast<double>(biased | 0x4330000000000000ull) - 4503599627371520.0;  // 2^52 + 1024
  const double m = std::bit_cast<double>((bits & 0x000fffffffffffffull) + 0x3fe6a09e667f3bcdull);
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double p = 2.0 / 25.0;
  p = p * z + 2.0 / 23.0;
  p = p * z + 2.0 / 21.0;
  p = p * z + 2.0 / 19.0;
  p = p * z + 2.0 / 17.0;
  p = p * z + 2.0 / 15.0;
  p = p * z + 2.0 / 13.0;
  p = p * z + 2.0 / 11.0;
  p = p * z + 2.0 / 9.0;
  p = p * z + 2.0 / 7.0;
  p = p * z + 2.0 / 5.0;
  p = p * z + 2.0 / 3.0;
  // log(1 + f) = f − f²/2 + s (f²/2 + z p), the arrangement that keeps the last bit (fdlibm).
  const double half_square = 0.5 * f * f;
  return exponent * ln2_high - ((half_square - (s * (half_square + z * p) + exponent * ln2_low)) - f);
}

constexpr std::size_t lanes = 8;

[[gnu::always_inline]] inline double fold(const double* lane) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

}  // namespace

// Clamped in a loop of its own: in one loop the compiler makes branches of the bounds, and then nothing is
// done four at a time.
FRUGAL_VECTOR_CLONES void vector_exp(const double* x, double* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = clamp_one(x[i]);
  for (std::size_t i = 0; i < count; ++i) out[i] = exp_one(out[i]);
}

FRUGAL_VECTOR_CLONES void vector_exp_scaled(double factor, const double* x, double* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = clamp_one(factor * x[i]);
  for (std::size_t i = 0; i < count; ++i) out[i] = exp_one(out[i]);
}

FRUGAL_VECTOR_CLONES void vector_log(const double* x, double* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = log_one(x[i]);
}

FRUGAL_VECTOR_CLONES double dot(const double* a, const double* b, std::size_t count) {
  double lane[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) lane[k] += a[i + k] * b[i + k];
  for (std::size_t k = 0; i < count; ++i, ++k) lane[k] += a[i] * b[i];
  return fold(lane);
}

FRUGAL_VECTOR_CLONES double dot(const double* a, const double* b, const double* c, std::size_t count) {
  double lane[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) lane[k] += a[i + k] * b[i + k] * c[i + k];
  for (std::size_t k = 0; i < count; ++i, ++k) lane[k] += a[i] * b[i] * c[i];
  return fold(lane);
}

FRUGAL_VECTOR_CLONES double sum(const double* a, std::size_t count) {
  double lane[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) lane[k] += a[i + k];
  for (std::size_t k = 0; i < count; ++i, ++k) lane[k] += a[i];
  return fold(lane);
}

FRUGAL_VECTOR_CLONES void add_scaled(double factor, const double* x, double* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] += factor * x[i];
}

}  // namespace frugal::fit
