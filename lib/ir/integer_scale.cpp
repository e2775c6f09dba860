#include "ir/integer_scale.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"

namespace frugal::ir {

std::vector<double> output_scales(const Tensor& x, const Tensor& weight, const Tensor& y) {
  std::vector<double> scales;
  for (const double scale : weight.quantization->scale) scales.push_back(scale_of(x) * scale / scale_of(y));
  return scales;
}

FixedPoint wide_fixed_point(double value) {
  FixedPoint fixed;
  if (value == 0) return fixed;
  int exponent = 0;
  auto mantissa = static_cast<std::int64_t>(std::round(std::frexp(value, &exponent) * 2147483648.0));
  if (mantissa == (std::int64_t{1} << 31)) {
    mantissa /= 2;
    ++exponent;
  }
  fixed.multiplier = static_cast<std::int32_t>(mantissa);
  fixed.shift = exponent;
  return fixed;
}

FixedPoint fixed_point(double value) {
  const FixedPoint fixed = wide_fixed_point(value);
  return fixed.shift < -31 ? FixedPoint{} : fixed;
}

double scale_of(const Tensor& tensor) {
  FRUGAL_ASSERT(tensor.quantization && tensor.quantization->axis == none, "a tensor without one scale");
  return tensor.quantization->scale.front();
}

std::int64_t zero_point_of(const Tensor& tensor) {
  FRUGAL_ASSERT(tensor.quantization && tensor.quantization->axis == none, "a tensor without one zero point");
  return tensor.quantization->zero_point.front();
}

std::int64_t largest_sum(std::span<const std::int8_t> weight, std::int64_t channels,
                         std::int64_t zero_point) {
  const std::int64_t farthest = std::max(std::abs(-128 - zero_point), std::abs(127 - zero_point));
  const std::size_t row = weight.size() / static_cast<std::size_t>(channels);
  std::int64_t most = 0;
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    std::int64_t sum = 0;
    for (const std::int8_t w : weight.subspan(c * row, row)) sum += std::abs(std::int64_t{w});
    most = std::max(most, sum * farthest);
  }
  return most;
}

}  // namespace frugal::ir
