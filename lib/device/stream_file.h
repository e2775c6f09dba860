// Writes the stream of labelled samples that a compiled network learns from (device/runtime/stream_format.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace frugal::device {

class StreamWriter {
 public:
  // sample_bytes: of one input; classes: 0 of an auto-encoder, which takes any label; network:
  // frugal_network_id, 0 for any.
  StreamWriter(std::uint32_t sample_bytes, std::uint32_t classes, std::uint32_t network = 0);

  // `input` as the network takes it, sample_bytes of it. rate: of this step, 0 to 127. Throws UserError at
  // "sample N" where a size, label or rate is wrong.
  void learn(std::span<const std::byte> input, std::int32_t label, double rate);
  void predict(std::span<const std::byte> input, std::int32_t label);
  // Into the buffer of old examples alone.
  void remember(std::span<const std::byte> input, std::int32_t label);

  // The whole stream so far: what a file of it holds.
  std::string bytes() const;

 private:
  void add(std::span<const std::byte> input, std::int32_t label, double rate, std::uint32_t what);

  std::uint32_t sample_bytes_, classes_, network_, count_ = 0;
  std::string samples_;
};

}  // namespace frugal::device
