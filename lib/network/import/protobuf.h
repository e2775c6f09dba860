// Protobuf's wire format, read in place: fields one after the other, each a number or bytes. Every length is
// checked against what it lies in, so a message is never read outside its own bytes. (Written by
// network/onnx_proto.h; why not by protobuf's own library, stands there.)
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace frugal::network {

struct ProtoField {
  int number = 0;
  enum class Kind { varint, fixed64, bytes, fixed32 } kind = Kind::varint;
  std::uint64_t value = 0;               // of a number
  std::span<const unsigned char> bytes;  // of a text, a message, packed numbers

  std::int64_t integer() const { return static_cast<std::int64_t>(value); }
  float real() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }
  std::string text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

class ProtoMessage {
 public:
  // origin: the file, for messages. Both outlive this.
  ProtoMessage(std::span<const unsigned char> bytes, const std::string& origin)
      : rest_(bytes), origin_(&origin) {}

  // The next field; false at the end. Throws UserError at the file where a field is cut off or has a kind
  // that the format does not have.
  bool next(ProtoField& field);
  ProtoMessage message(const ProtoField& field) const { return {field.bytes, *origin_}; }

  // Adds the numbers of a repeated field, one alone or packed.
  void integers(const ProtoField& field, std::vector<std::int64_t>& values) const;
  void reals(const ProtoField& field, std::vector<float>& values) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::uint64_t varint();
  std::uint64_t fixed(std::size_t count);

  std::span<const unsigned char> rest_;
  const std::string* origin_;
};

}  // namespace frugal::network
