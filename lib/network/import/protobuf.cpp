#include "network/import/protobuf.h"

#include "base/error.h"

namespace frugal::network {

void ProtoMessage::fail(const std::string& what) const {
  throw base::UserError(*origin_, what, "the file is cut off or was changed");
}

std::uint64_t ProtoMessage::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) fail("ends within a number");
    const unsigned char byte = rest_.front();
    rest_ = rest_.subspan(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  fail("has a number of more than 64 bits");
}

std::uint64_t ProtoMessage::fixed(std::size_t count) {
  if (rest_.size() < count) fail("ends within a number");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{rest_[i]} << (8 * i);
  rest_ = rest_.subspan(count);
  return value;
}

bool ProtoMessage::next(ProtoField& field) {
  if (rest_.empty()) return false;
  const std::uint64_t tag = varint();
  if (tag >> 3 == 0 || tag >> 3 > 1 << 29) fail("has a field without a number");
  field = {};
  field.number = static_cast<int>(tag >> 3);
  switch (tag & 7) {
    case 0:
      field.value = varint();
      return true;
    case 1:
      field.kind = ProtoField::Kind::fixed64;
      field.value = fixed(8);
      return true;
    case 2: {
      field.kind = ProtoField::Kind::bytes;
      const std::uint64_t size = varint();
      if (size > rest_.size()) {
        fail("has a field of " + std::to_string(size) + " bytes where " + std::to_string(rest_.size()) +
             " are left");
      }
      field.bytes = rest_.first(static_cast<std::size_t>(size));
      rest_ = rest_.subspan(static_cast<std::size_t>(size));
      return true;
    }
    case 5:
      field.kind = ProtoField::Kind::fixed32;
      field.value = fixed(4);
      return true;
    default:
      fail("has a field of an unknown kind");
  }
}

void ProtoMessage::integers(const ProtoField& field, std::vector<std::int64_t>& values) const {
  if (field.kind == ProtoField::Kind::varint) {
    values.push_back(field.integer());
    return;
  }
  if (field.kind != ProtoField::Kind::bytes) fail("has whole numbers of another kind");
  for (ProtoMessage packed = message(field); !packed.rest_.empty();)
    values.push_back(static_cast<std::int64_t>(packed.varint()));
}

void ProtoMessage::reals(const ProtoField& field, std::vector<float>& values) const {
  if (field.kind == ProtoField::Kind::fixed32) {
    values.push_back(field.real());
    return;
  }
  if (field.kind != ProtoField::Kind::bytes) fail("has numbers of another kind");
  for (ProtoMessage packed = message(field); !packed.rest_.empty();)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(packed.fixed(4))));
}

}  // namespace frugal::network
