#include "tensor/finite.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace frugal::tensor {
namespace {

// An exponent whose bits are all ones is infinity or NaN. Integers, so that it vectorises.
template <class Bits>
bool finite_bits(std::span<const unsigned char> bytes, Bits exponent) {
  constexpr std::size_t piece = std::size_t{1} << 16;  // bytes; the first bad piece ends it
  for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
    const std::size_t end = std::min(bytes.size(), begin + piece);
    bool bad = false;
    for (std::size_t at = begin; at < end; at += sizeof(Bits)) {
      Bits bits;
      std::memcpy(&bits, bytes.data() + at, sizeof(Bits));
      bad |= (bits & exponent) == exponent;
    }
    if (bad) return false;
  }
  return true;
}

}  // namespace

bool all_finite(std::span<const unsigned char> bytes, checkpoint::DType type) {
  using checkpoint::DType;
  switch (type) {
    case DType::f64:
      return finite_bits<std::uint64_t>(bytes, 0x7ff0000000000000U);
    case DType::f32:
      return finite_bits<std::uint32_t>(bytes, 0x7f800000U);
    case DType::bf16:
      return finite_bits<std::uint16_t>(bytes, 0x7f80U);
    case DType::f16:
      return finite_bits<std::uint16_t>(bytes, 0x7c00U);
    default:
      return true;
  }
}

}  // namespace frugal::tensor
