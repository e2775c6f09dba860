// The stream that the host writes is what the device's structs read; wrong samples are refused by number.
#include "device/stream_file.h"

#include <cstring>
#include <limits>

#include "device/runtime/stream_format.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;

TEST_CASE("device stream: the bytes are those of the device's structs", "[device]") {
  device::StreamWriter writer(3, 4, 99);
  const std::byte input[3] = {std::byte{1}, std::byte{2}, std::byte{255}};
  writer.learn(input, 2, 0.25f);
  writer.predict(input, 3);
  const std::string bytes = writer.bytes();
  REQUIRE(bytes.size() == sizeof(frugal_stream_header) + 2 * (sizeof(frugal_stream_sample) + 3));
  frugal_stream_header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  CHECK(bytes.substr(0, 4) == "FRSM");
  CHECK(header.version == FRUGAL_STREAM_VERSION);
  CHECK(header.sample_bytes == 3);
  CHECK(header.classes == 4);
  CHECK(header.count == 2);
  CHECK(header.network == 99);
  frugal_stream_sample sample;
  std::memcpy(&sample, bytes.data() + sizeof(header), sizeof(sample));
  CHECK(sample.what == 1);
  CHECK(sample.label == 2);
  CHECK(sample.rate_bits == 0x3e800000u);
  CHECK(sample.rate_fixed == 1 << 22);
  CHECK(std::memcmp(bytes.data() + sizeof(header) + sizeof(sample), input, 3) == 0);
  std::memcpy(&sample, bytes.data() + sizeof(header) + sizeof(sample) + 3, sizeof(sample));
  CHECK(sample.what == 0);
  CHECK(sample.label == 3);
}

TEST_CASE("device stream: samples that do not fit are refused", "[device]") {
  device::StreamWriter writer(3, 4);
  const std::byte input[4] = {};
  const std::span<const std::byte> right(input, 3);
  writer.learn(right, 0, 1.0f);
  const auto message = [&](std::span<const std::byte> given, std::int32_t label, float rate) {
    return test::message_of([&] { writer.learn(given, label, rate); });
  };
  CHECK(message(input, 0, 1.0f) == "sample 1: has 4 bytes, the network takes 3");
  CHECK(message(right, 4, 1.0f) == "sample 1: label 4 is none of 4 classes, 0 to 3");
  CHECK(message(right, -1, 1.0f) == "sample 1: label -1 is none of 4 classes, 0 to 3");
  CHECK(message(right, 0, 128.0f) == "sample 1: learning rate must be 0 to 127, got 128");
  CHECK(message(right, 0, std::numeric_limits<float>::quiet_NaN()).find("must be 0 to 127") !=
        std::string::npos);
  CHECK(writer.bytes().size() == 24 + 16 + 3);
}
