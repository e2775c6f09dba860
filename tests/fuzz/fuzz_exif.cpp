// Exif blocks of JPEG and PNG files: every input is an orientation.

#include "base/error.h"
#include "data/images/exif.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const int orientation = frugal::data::exif_orientation({bytes, size});
  FRUGAL_ASSERT(orientation >= 1 && orientation <= 8, "one of eight");
  return 0;
}
