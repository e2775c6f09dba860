#include "device/stream_file.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "base/error.h"
#include "device/runtime/frugal.h"
#include "device/runtime/stream_format.h"

namespace frugal::device {
namespace {

static_assert(sizeof(frugal_stream_header) == 24 && sizeof(frugal_stream_sample) == 16);

void append_number(std::string& text, std::uint32_t number) {
  for (int byte = 0; byte < 4; ++byte) text += static_cast<char>(number >> (8 * byte) & 255u);
}

}  // namespace

StreamWriter::StreamWriter(std::uint32_t sample_bytes, std::uint32_t classes, std::uint32_t network)
    : sample_bytes_(sample_bytes), classes_(classes), network_(network) {}

void StreamWriter::learn(std::span<const std::byte> input, std::int32_t label, double rate) {
  add(input, label, rate, FRUGAL_STREAM_LEARN);
}

void StreamWriter::predict(std::span<const std::byte> input, std::int32_t label) {
  add(input, label, 0, FRUGAL_STREAM_PREDICT);
}

void StreamWriter::remember(std::span<const std::byte> input, std::int32_t label) {
  add(input, label, 0, FRUGAL_STREAM_REMEMBER);
}

void StreamWriter::add(std::span<const std::byte> input, std::int32_t label, double rate,
                       std::uint32_t what) {
  const std::string place = fmt::format("sample {}", count_);
  if (input.size() != sample_bytes_)
    throw base::UserError(place,
                          fmt::format("has {} bytes, the network takes {}", input.size(), sample_bytes_));
  if (classes_ > 0 && (label < 0 || static_cast<std::uint32_t>(label) >= classes_))
    throw base::UserError(place, fmt::format("label {} is none of {} classes, 0 to {}", label, classes_,
                                             static_cast<std::int64_t>(classes_) - 1));
  if (!(rate >= 0 && rate <= 127))
    throw base::UserError(place, fmt::format("learning rate must be 0 to 127, got {}", rate));
  append_number(samples_, what);
  append_number(samples_, static_cast<std::uint32_t>(label));
  append_number(samples_, std::bit_cast<std::uint32_t>(static_cast<float>(rate)));
  append_number(samples_, static_cast<std::uint32_t>(std::lround(std::ldexp(rate, FRUGAL_RATE_BITS))));
  samples_.append(reinterpret_cast<const char*>(input.data()), input.size());
  ++count_;
}

std::string StreamWriter::bytes() const {
  std::string text;
  for (const std::uint32_t number :
       {FRUGAL_STREAM_MAGIC, FRUGAL_STREAM_VERSION, sample_bytes_, classes_, count_, network_})
    append_number(text, number);
  return text + samples_;
}

}  // namespace frugal::device
