// Files that may be gzip-compressed, as the MNIST family is distributed (RFC 1952, through zlib).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace frugal::data {

bool is_gzip(std::span<const std::uint8_t> bytes);

// Decompresses all members. Throws UserError with `origin` as its place where the stream is damaged, ends
// early, or would give more than `most_bytes`.
std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> bytes, const std::string& origin,
                                 std::size_t most_bytes);

// The first `count` bytes of what it decompresses to, or all where there are fewer; what comes behind is not
// looked at.
std::vector<std::uint8_t> gunzip_start(std::span<const std::uint8_t> bytes, const std::string& origin,
                                       std::size_t count);

}  // namespace frugal::data
