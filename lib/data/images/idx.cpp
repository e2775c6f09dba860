#include "data/images/idx.h"

#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "data/images/gzip.h"

namespace frugal::data {
namespace {

constexpr std::size_t longest_header = 4 + 4 * 255;

std::string hex_byte(std::uint8_t value) {
  const char* digits = "0123456789abcdef";
  return std::string("0x") + digits[value >> 4] + digits[value & 15];
}

// Bytes of one value; 0 for a type that IDX does not know.
std::size_t size_of_type(std::uint8_t type) {
  switch (type) {
    case 0x08:
    case 0x09:
      return 1;
    case 0x0B:
      return 2;
    case 0x0C:
    case 0x0D:
      return 4;
    case 0x0E:
      return 8;
    default:
      return 0;
  }
}

std::string dims_text(const std::vector<std::uint32_t>& dims) {
  std::string text;
  for (std::uint32_t dim : dims) text += (text.empty() ? "" : "×") + std::to_string(dim);
  return text;
}

struct Header {
  std::uint8_t type = 0;
  std::vector<std::uint32_t> dims;
  std::size_t bytes = 0, value_bytes = 0;  // of itself, of the values that follow
};

Header read_header(std::span<const std::uint8_t> bytes, const std::string& origin) {
  const auto fail = [&origin](const std::string& message, const std::string& hint = "") {
    throw base::UserError(origin, message, hint);
  };
  if (bytes.size() < 4) {
    fail("too short for an IDX header: expected at least 4 bytes, got " + std::to_string(bytes.size()));
  }
  if (bytes[0] != 0 || bytes[1] != 0) {
    fail("not an IDX file: it starts with " + hex_byte(bytes[0]) + " " + hex_byte(bytes[1]) +
             " instead of two zero bytes",
         "images are train-images-idx3-ubyte[.gz], labels train-labels-idx1-ubyte[.gz]");
  }
  Header header;
  header.type = bytes[2];
  header.value_bytes = size_of_type(header.type);
  if (header.value_bytes == 0) {
    fail("unknown IDX type " + hex_byte(header.type), "0x08 is uint8, what images and labels are");
  }
  const std::size_t rank = bytes[3];
  if (rank == 0) fail("the IDX header names no dimensions");
  header.bytes = 4 + 4 * rank;
  if (bytes.size() < header.bytes) {
    fail("the IDX header is cut off: " + std::to_string(rank) + " dimensions need " +
         std::to_string(header.bytes) + " bytes, got " + std::to_string(bytes.size()));
  }
  bool overflow = false;
  for (std::size_t d = 0; d < rank; ++d) {
    const std::uint8_t* at = bytes.data() + 4 + 4 * d;
    const std::uint32_t dim = (std::uint32_t{at[0]} << 24) | (std::uint32_t{at[1]} << 16) |
                              (std::uint32_t{at[2]} << 8) | std::uint32_t{at[3]};
    header.dims.push_back(dim);
    if (dim != 0 && header.value_bytes > std::numeric_limits<std::ptrdiff_t>::max() / dim) overflow = true;
    header.value_bytes *= dim;
  }
  if (overflow) fail("the IDX header gives an impossible size: " + dims_text(header.dims));
  return header;
}

}  // namespace

IdxArray parse_idx(std::span<const std::uint8_t> bytes, const std::string& origin) {
  Header header = read_header(bytes, origin);
  const std::size_t found = bytes.size() - header.bytes, expected = header.value_bytes;
  if (found != expected) {
    throw base::UserError(origin,
                          (found < expected ? "truncated: " : "too long: ") + dims_text(header.dims) +
                              " values need " + std::to_string(expected) + " bytes after the header, got " +
                              std::to_string(found),
                          found < expected ? "download or copy the file again" : "");
  }
  return {header.type, std::move(header.dims), bytes.subspan(header.bytes)};
}

std::vector<std::uint8_t> unpack_idx(std::span<const std::uint8_t> bytes, const std::string& origin) {
  const Header header = read_header(gunzip_start(bytes, origin, longest_header), origin);
  // One byte more, so that what is too long is seen by parse_idx and not cut off.
  return gunzip_start(bytes, origin, header.bytes + header.value_bytes + 1);
}

std::vector<std::uint8_t> read_idx(const std::string& path) {
  const base::MappedFile file(path);
  const std::span<const std::uint8_t> bytes(file.data(), file.size());
  if (is_gzip(bytes)) return unpack_idx(bytes, path);
  return {bytes.begin(), bytes.end()};
}

IdxImages parse_idx_images(std::span<const std::uint8_t> bytes, const std::string& origin) {
  const IdxArray array = parse_idx(bytes, origin);
  if (array.type != 0x08) {
    throw base::UserError(origin, "images must be uint8 (0x08), got type " + hex_byte(array.type));
  }
  const std::size_t rank = array.dims.size();
  if (rank != 3 && rank != 4) {
    throw base::UserError(origin,
                          "images need 3 dimensions (count×height×width) or 4 (count×channels×height×width), "
                          "got " +
                              std::to_string(rank),
                          rank == 1 ? "is this the labels' file?" : "");
  }
  IdxImages images;
  images.count = array.dims[0];
  images.channels = rank == 4 ? array.dims[1] : 1;
  images.height = array.dims[rank - 2];
  images.width = array.dims[rank - 1];
  const bool sized = images.channels > 0 && images.height > 0 && images.width > 0;
  if (images.count == 0 || !sized) {
    throw base::UserError(origin, "no images: the header says " + dims_text(array.dims));
  }
  if (images.channels != 1 && images.channels != 3) {
    throw base::UserError(origin, "images must have 1 or 3 channels, got " + std::to_string(images.channels));
  }
  images.pixels = array.values;
  return images;
}

std::span<const std::uint8_t> parse_idx_labels(std::span<const std::uint8_t> bytes,
                                               const std::string& origin) {
  const IdxArray array = parse_idx(bytes, origin);
  if (array.type != 0x08) {
    throw base::UserError(origin, "labels must be uint8 (0x08), got type " + hex_byte(array.type));
  }
  if (array.dims.size() != 1) {
    throw base::UserError(origin, "labels need 1 dimension, got " + std::to_string(array.dims.size()),
                          array.dims.size() == 3 ? "is this the images' file?" : "");
  }
  return array.values;
}

}  // namespace frugal::data
