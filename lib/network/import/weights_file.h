// Tensors of a safetensors file as the numbers that an importer expects.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "ir/graph.h"

namespace frugal::network {

template <typename T>
inline constexpr checkpoint::DType stored_type = checkpoint::DType::f32;
template <>
inline constexpr checkpoint::DType stored_type<std::int8_t> = checkpoint::DType::i8;
template <>
inline constexpr checkpoint::DType stored_type<std::int32_t> = checkpoint::DType::i32;

// The bytes of tensor `name`. Throws UserError at "file: name" where the tensor has another type or shape.
std::span<const unsigned char> stored_bytes(const checkpoint::SafetensorsFile& file, const std::string& name,
                                            checkpoint::DType type, const ir::Dims& shape);

template <typename T>
std::vector<T> stored_numbers(const checkpoint::SafetensorsFile& file, const std::string& name,
                              const ir::Dims& shape) {
  const std::span<const unsigned char> bytes = stored_bytes(file, name, stored_type<T>, shape);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// As float32, from any width of float.
std::vector<float> stored_floats(const checkpoint::SafetensorsFile& file, const std::string& name,
                                 const ir::Dims& shape);

}  // namespace frugal::network
