// PNG and JPEG files into 8-bit planes, through libpng and libjpeg. Their errors are long jumps; none leaves
// decode.cpp, and no C++ object is jumped over.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace frugal::data {

struct Decoded {
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  // C×H×W
};

enum class ImageKind { png, jpeg, other };
ImageKind image_kind(std::span<const std::uint8_t> bytes);  // by the first bytes, not by the name

// channels: 1 or 3; 0 = what the file has (grey stays 1, everything else becomes 3). Palettes are expanded,
// 16 bits cut to 8, transparency laid over black, CMYK converted without a profile. Throws UserError with
// `origin` as its place where the file is damaged or ends early (also where the library would only warn), or
// claims more than 2^28 pixels.
Decoded decode_png(std::span<const std::uint8_t> bytes, std::int64_t channels, const std::string& origin);
Decoded decode_jpeg(std::span<const std::uint8_t> bytes, std::int64_t channels, const std::string& origin);
// Of either kind, turned as its Exif block says (data/images/exif.h).
Decoded decode_image(std::span<const std::uint8_t> bytes, std::int64_t channels, const std::string& origin);

}  // namespace frugal::data
