#include "network/import/weights_file.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "ir/operator.h"

namespace frugal::network {

std::span<const unsigned char> stored_bytes(const checkpoint::SafetensorsFile& file, const std::string& name,
                                            checkpoint::DType type, const ir::Dims& shape) {
  const checkpoint::TensorInfo& info = file.at(name);
  if (info.dtype != type || info.shape != shape) {
    throw base::UserError(file.path() + ": " + name,
                          ir::words("is ", checkpoint::name_of(info.dtype), " ", info.shape, ", needs ",
                                    checkpoint::name_of(type), " ", shape));
  }
  return file.bytes(info);
}

namespace {

using checkpoint::DType;

// IEEE 754 half precision; exact, as every half is a float.
float from_half(std::uint16_t bits) {
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  const int exponent = (bits >> 10) & 0x1F, fraction = bits & 0x3FF;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

float from_brain(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

template <typename Stored, typename Convert>
std::vector<float> converted(std::span<const unsigned char> bytes, Convert convert) {
  std::vector<float> values(bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored one;
    std::memcpy(&one, bytes.data() + i * sizeof one, sizeof one);
    values[i] = convert(one);
  }
  return values;
}

}  // namespace

std::vector<float> stored_floats(const checkpoint::SafetensorsFile& file, const std::string& name,
                                 const ir::Dims& shape) {
  const DType type = file.at(name).dtype;
  const auto bytes = [&] { return stored_bytes(file, name, type, shape); };
  if (type == DType::f16) return converted<std::uint16_t>(bytes(), from_half);
  if (type == DType::bf16) return converted<std::uint16_t>(bytes(), from_brain);
  if (type == DType::f64)
    return converted<double>(bytes(), [](double value) { return static_cast<float>(value); });
  return stored_numbers<float>(file, name, shape);
}

}  // namespace frugal::network
