// IDX, the format of the MNIST family (LeCun, http://yann.lecun.com/exdb/mnist): two zero bytes, a type
// byte, the number of dimensions, each dimension as big-endian uint32, then the values, row-major.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace frugal::data {

struct IdxArray {
  std::uint8_t type = 0;  // 0x08 uint8, 0x09 int8, 0x0B int16, 0x0C int32, 0x0D float, 0x0E double
  std::vector<std::uint32_t> dims;
  std::span<const std::uint8_t> values;  // into the bytes given, exactly as many as the header says
};

// Throws UserError with `origin` as its place: not IDX, unknown type, sizes that overflow, too few or too
// many bytes (expected against found).
IdxArray parse_idx(std::span<const std::uint8_t> bytes, const std::string& origin);

// A file of an array, plain or gzip, unpacked no further than its own header says: a gzip of a megabyte may
// hold a gigabyte of zeros.
std::vector<std::uint8_t> read_idx(const std::string& path);
std::vector<std::uint8_t> unpack_idx(std::span<const std::uint8_t> bytes, const std::string& origin);

// The same with what images (uint8, N×H×W or N×C×H×W) and labels (uint8, N) must be.
struct IdxImages {
  std::int64_t count = 0, channels = 1, height = 0, width = 0;
  std::span<const std::uint8_t> pixels;
};
IdxImages parse_idx_images(std::span<const std::uint8_t> bytes, const std::string& origin);
std::span<const std::uint8_t> parse_idx_labels(std::span<const std::uint8_t> bytes,
                                               const std::string& origin);

}  // namespace frugal::data
