// Image files of a smooth picture, as other programs write them.
#pragma once

#include <cstdint>
#include <string>

namespace frugal::test {

// A pixel of the picture, so that JPEG keeps it nearly.
std::uint8_t shade(std::int64_t y, std::int64_t x, std::int64_t c);

// color: PNG_COLOR_TYPE_….
void write_png(const std::string& path, int width, int height, int color, int depth = 8);
void write_jpeg(const std::string& path, int width, int height, int channels, bool progressive);

// Takes a share of a file: what is left is its beginning.
void cut(const std::string& path, double share);

}  // namespace frugal::test
