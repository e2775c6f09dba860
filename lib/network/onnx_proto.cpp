#include "network/onnx_proto.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace frugal::network::onnx {
namespace {

constexpr std::int64_t ir_version = 8, opset = 17, float32 = 1, int8 = 3, int32 = 6, int64 = 7;

}  // namespace

void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
  text_ += static_cast<char>(value);
}

void Message::integer(int field, std::int64_t value) {
  varint(static_cast<std::uint64_t>(field) << 3);
  varint(static_cast<std::uint64_t>(value));
}

void Message::real(int field, float value) {
  varint(static_cast<std::uint64_t>(field) << 3 | 5);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) text_ += static_cast<char>(bits >> shift & 0xff);
}

void Message::bytes(int field, std::string_view value) {
  varint(static_cast<std::uint64_t>(field) << 3 | 2);
  varint(value.size());
  text_ += value;
}

Attribute attribute(const std::string& name, std::int64_t value) {
  return {name, Attribute::Kind::integer, {value}, 0};
}
Attribute attribute(const std::string& name, double value) {
  return {name, Attribute::Kind::real, {}, static_cast<float>(value)};
}
Attribute attribute(const std::string& name, std::vector<std::int64_t> values) {
  return {name, Attribute::Kind::integers, std::move(values), 0};
}

namespace {

Attribute attribute_of(const std::string& name, const ir::AttributeValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return attribute(name, *number);
  if (const auto* number = std::get_if<double>(&value)) return attribute(name, *number);
  const auto* list = std::get_if<std::vector<std::int64_t>>(&value);
  FRUGAL_ASSERT(list != nullptr, "an ONNX attribute that is text");
  return attribute(name, *list);
}

}  // namespace

std::vector<Attribute> attributes_of(const ir::OnnxForm& form) {
  std::vector<Attribute> attributes;
  for (const auto& [name, value] : form.attributes) attributes.push_back(attribute_of(name, value));
  return attributes;
}

std::vector<std::int64_t> with_any_batch(std::vector<std::int64_t> shape) {
  shape.front() = -1;
  return shape;
}

std::vector<std::string> Graph::constants_of(const ir::OnnxForm& form, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [part, number] : form.scalars) names.push_back(constant(name + "." + part, {}, &number));
  for (const auto& [part, list] : form.lists) names.push_back(constant(name + "." + part, list));
  return names;
}

std::string Graph::node(const std::string& type, const std::vector<std::string>& inputs,
                        const std::string& name, const std::vector<Attribute>& attributes) {
  Message node;
  for (const std::string& input : inputs) node.bytes(1, input);
  node.bytes(2, name);
  node.bytes(3, name);
  node.bytes(4, type);
  for (const Attribute& one : attributes) {
    Message message;
    message.bytes(1, one.name);
    switch (one.kind) {
      case Attribute::Kind::integer:
        message.integer(3, one.integers[0]);
        message.integer(20, 2);
        break;
      case Attribute::Kind::real:
        message.real(2, one.real);
        message.integer(20, 1);
        break;
      case Attribute::Kind::integers:
        for (const std::int64_t value : one.integers) message.integer(8, value);
        message.integer(20, 7);
        break;
    }
    node.message(5, message);
  }
  graph_.message(1, node);
  return name;
}

namespace {

template <typename T>
std::string_view bytes_of(const T* values, std::size_t count) {
  static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");
  return {reinterpret_cast<const char*>(values), count * sizeof(T)};
}

}  // namespace

std::string Graph::tensor(const std::string& name, std::int64_t type, const std::vector<std::int64_t>& shape,
                          std::string_view bytes) {
  Message tensor;
  for (const std::int64_t extent : shape) tensor.integer(1, extent);
  tensor.integer(2, type);
  tensor.bytes(8, name);
  tensor.bytes(9, bytes);
  graph_.message(5, tensor);
  return name;
}

std::string Graph::constant(const std::string& name, const std::vector<std::int64_t>& shape,
                            const float* values) {
  std::size_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
  return tensor(name, float32, shape, bytes_of(values, count));
}

std::string Graph::constant(const std::string& name, const std::vector<std::int64_t>& values) {
  return tensor(name, int64, {static_cast<std::int64_t>(values.size())},
                bytes_of(values.data(), values.size()));
}

std::string Graph::constant(const std::string& name, const std::vector<std::int64_t>& shape,
                            std::span<const std::int8_t> values) {
  return tensor(name, int8, shape, bytes_of(values.data(), values.size()));
}

std::string Graph::constant(const std::string& name, const std::vector<std::int64_t>& shape,
                            std::span<const std::int32_t> values) {
  return tensor(name, int32, shape, bytes_of(values.data(), values.size()));
}

void Graph::value(int field, const std::string& name, const std::vector<std::int64_t>& shape) {
  Message extents;
  for (const std::int64_t extent : shape) {
    Message one;
    if (extent < 0) {
      one.bytes(2, "batch");
    } else {
      one.integer(1, extent);
    }
    extents.message(1, one);
  }
  Message tensor, type, info;
  tensor.integer(1, float32);
  tensor.message(2, extents);
  type.message(1, tensor);
  info.bytes(1, name);
  info.message(2, type);
  graph_.message(field, info);
}

std::string Graph::model(const std::string& producer, const std::string& version) const {
  Message operators, model;
  operators.bytes(1, "");
  operators.integer(2, opset);
  model.integer(1, ir_version);
  model.bytes(2, producer);
  model.bytes(3, version);
  model.message(7, graph_);
  model.message(8, operators);
  for (const auto& [key, text] : metadata_) {
    Message entry;
    entry.bytes(1, key);
    entry.bytes(2, text);
    model.message(14, entry);
  }
  return model.text();
}

}  // namespace frugal::network::onnx
