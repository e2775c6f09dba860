// Protobuf's wire format, as protobuf's own documentation has it.
#include "network/import/protobuf.h"

#include "base/error.h"
#include "support/test.h"

using namespace frugal;
using network::ProtoField;
using network::ProtoMessage;

namespace {

using Bytes = std::vector<unsigned char>;

const std::string origin = "m.onnx";

std::vector<float> reals(const Bytes& bytes) {
  std::vector<float> values;
  ProtoMessage message(bytes, origin);
  for (ProtoField field; message.next(field);) message.reals(field, values);
  return values;
}

std::vector<std::int64_t> integers(const Bytes& bytes) {
  std::vector<std::int64_t> values;
  ProtoMessage message(bytes, origin);
  for (ProtoField field; message.next(field);) message.integers(field, values);
  return values;
}

}  // namespace

TEST_CASE("repeated numbers come one in a field or packed, and both at once") {
  // Field 4: 1.0 alone, then 2.0 and -0.5 packed, then 1.0 alone.
  CHECK(reals({0x25, 0, 0, 0x80, 0x3f, 0x22, 8, 0, 0, 0, 0x40, 0, 0, 0, 0xbf, 0x25, 0, 0, 0x80, 0x3f}) ==
        std::vector<float>{1, 2, -0.5, 1});
  // Field 7: 150 alone, -1 alone (ten bytes), then 3 and 270 packed.
  CHECK(integers({0x38, 0x96, 1, 0x38, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0x3a, 3, 3,
                  0x8e, 2}) == std::vector<std::int64_t>{150, -1, 3, 270});
  CHECK(reals({}).empty());
}

TEST_CASE("numbers of another kind, and what is cut off, are refused") {
  CHECK_THROWS_AS(reals({0x20, 1}), base::UserError);                    // a varint
  CHECK_THROWS_AS(integers({0x25, 0, 0, 0, 0}), base::UserError);        // four bytes
  CHECK_THROWS_AS(reals({0x22, 6, 0, 0, 0, 0, 0, 0}), base::UserError);  // one and a half
  CHECK_THROWS_AS(reals({0x25, 0, 0, 0}), base::UserError);
  CHECK_THROWS_AS(integers({0x38, 0x96}), base::UserError);
  CHECK_THROWS_AS(integers({0x3a, 5, 1}), base::UserError);
  CHECK_THROWS_AS(integers({0x3b, 0}), base::UserError);  // a group: of no kind that is
  CHECK_THROWS_AS(integers({0x00, 0}), base::UserError);  // field 0
}
