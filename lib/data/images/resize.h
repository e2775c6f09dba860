// Antialiased bilinear resizing: a triangle filter that widens with the reduction, as Pillow's BILINEAR and
// torchvision's antialias=True do, so that shrunk images are averaged and not sampled.
#pragma once

#include <cstdint>
#include <vector>

namespace frugal::data {

// A part of an image, in pixels; it may have fractions of a pixel.
struct Box {
  double top = 0, left = 0, height = 0, width = 0;
};

// What is shown of an image that becomes a square: the largest centred one (the short side decides).
Box centre_square(std::int64_t height, std::int64_t width);

// Resizes `box` of a planar C×H×W image into out (C×out_height×out_width), rounding to 8 bits.
void resize(const std::uint8_t* image, std::int64_t channels, std::int64_t height, std::int64_t width,
            const Box& box, std::int64_t out_height, std::int64_t out_width, std::uint8_t* out);

}  // namespace frugal::data
