// PNG and JPEG: every input gives an image as large as it says, or a UserError, and no more memory than its
// bytes hold.

#include "base/error.h"
#include "data/images/decode.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  for (const std::int64_t channels : {0, 1, 3}) {
    try {
      const data::Decoded image = data::decode_image({bytes, size}, channels, "input");
      FRUGAL_ASSERT(channels == 0 || image.channels == channels, "the channels asked for");
      FRUGAL_ASSERT(
          image.pixels.size() == static_cast<std::size_t>(image.channels * image.height * image.width),
          "pixels are those of the size");
      unsigned sum = 0;
      for (const std::uint8_t pixel : image.pixels) sum += pixel;
      volatile unsigned kept = sum;
      (void)kept;
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
