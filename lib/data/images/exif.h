// Which way up a photo is: cameras store it as the sensor lay and say in the file's Exif block how to turn it
// (Exif 2.32, tag 0x0112).
#pragma once

#include <cstdint>
#include <span>

#include "data/images/decode.h"

namespace frugal::data {

// 1 (as stored) to 8, from the Exif block of a JPEG (segment APP1) or a PNG (chunk eXIf). A block that is
// damaged, or none, is 1: what it says is about how an image is shown, not what it holds.
int exif_orientation(std::span<const std::uint8_t> file);

// The image as it is to be seen; from 5 on height and width change places.
void turn(Decoded& image, int orientation);

}  // namespace frugal::data
