#include "data/images/exif.h"

#include <cstddef>
#include <cstring>
#include <utility>

namespace frugal::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::size_t number(Bytes bytes, std::size_t at, std::size_t count, bool big_endian) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = value << 8 | bytes[big_endian ? at + i : at + count - 1 - i];
  }
  return value;
}

// Of a TIFF header with its first directory.
int orientation_in(Bytes tiff) {
  if (tiff.size() < 8) return 1;
  const bool big = tiff[0] == 'M' && tiff[1] == 'M';
  if (!big && !(tiff[0] == 'I' && tiff[1] == 'I')) return 1;
  const std::size_t directory = number(tiff, 4, 4, big);
  if (directory > tiff.size() - 2) return 1;
  const std::size_t entries = number(tiff, directory, 2, big);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + 12 * i;
    if (at + 12 > tiff.size()) return 1;
    constexpr std::size_t orientation = 0x0112, short_integer = 3;
    if (number(tiff, at, 2, big) != orientation || number(tiff, at + 2, 2, big) != short_integer) continue;
    const std::size_t value = number(tiff, at + 8, 2, big);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

int orientation_of_jpeg(Bytes file) {
  for (std::size_t at = 2; at + 4 <= file.size() && file[at] == 0xff;) {
    const std::uint8_t marker = file[at + 1];
    const std::size_t length = number(file, at + 2, 2, true);
    if (marker == 0xda || length < 2 || at + 2 + length > file.size()) return 1;  // pixels begin, or damage
    const Bytes segment = file.subspan(at + 4, length - 2);
    if (marker == 0xe1 && segment.size() > 6 && std::memcmp(segment.data(), "Exif\0", 6) == 0) {
      return orientation_in(segment.subspan(6));
    }
    at += 2 + length;
  }
  return 1;
}

int orientation_of_png(Bytes file) {
  constexpr std::size_t frame = 12;  // length, type and checksum of a chunk
  for (std::size_t at = 8; at + frame <= file.size();) {
    const std::size_t length = number(file, at, 4, true);
    if (length > file.size() - at - frame) return 1;
    if (std::memcmp(file.data() + at + 4, "eXIf", 4) == 0)
      return orientation_in(file.subspan(at + 8, length));
    at += frame + length;
  }
  return 1;
}

}  // namespace

int exif_orientation(Bytes file) {
  if (file.size() >= 3 && file[0] == 0xff && file[1] == 0xd8) return orientation_of_jpeg(file);
  if (file.size() >= 8 && std::memcmp(file.data(), "\x89PNG", 4) == 0) return orientation_of_png(file);
  return 1;
}

void turn(Decoded& image, int orientation) {
  if (orientation < 2 || orientation > 8) return;
  const bool across = orientation >= 5;  // rows become columns
  const std::int64_t height = across ? image.width : image.height,
                     width = across ? image.height : image.width;
  // Where row 0 and column 0 of the stored image are to be seen: 2 top right, 3 bottom right, 4 bottom left;
  // 5 left top, 6 right top, 7 right bottom, 8 left bottom.
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  std::vector<std::uint8_t> turned(image.pixels.size());
  for (std::int64_t c = 0; c < image.channels; ++c) {
    const std::uint8_t* in = image.pixels.data() + c * height * width;
    std::uint8_t* out = turned.data() + c * height * width;
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t v = from_bottom ? height - 1 - y : y, u = from_right ? width - 1 - x : x;
        out[y * width + x] = across ? in[u * image.width + v] : in[v * image.width + u];
      }
    }
  }
  image.pixels = std::move(turned);
  image.height = height;
  image.width = width;
}

}  // namespace frugal::data
