// IDX images and labels, plain or inside gzip: every input gives a value or a UserError.

#include "base/error.h"
#include "data/images/gzip.h"
#include "data/images/idx.h"

using namespace frugal;

namespace {

// Every byte that the parser promises is touched, so that a span past the end is seen.
unsigned touch(std::span<const std::uint8_t> values) {
  unsigned sum = 0;
  for (std::uint8_t value : values) sum += value;
  return sum;
}

void parse(std::span<const std::uint8_t> bytes) {
  try {
    const data::IdxImages images = data::parse_idx_images(bytes, "input");
    const auto expected =
        static_cast<std::size_t>(images.count * images.channels * images.height * images.width);
    FRUGAL_ASSERT(images.pixels.size() == expected, "the pixels are those of the header");
    volatile unsigned sum = touch(images.pixels);
    (void)sum;
  } catch (const base::UserError&) {
  }
  try {
    volatile unsigned sum = touch(data::parse_idx_labels(bytes, "input"));
    (void)sum;
  } catch (const base::UserError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  parse({bytes, size});
  try {
    parse(data::gunzip({bytes, size}, "input", 1 << 20));
  } catch (const base::UserError&) {
  }
  try {
    const auto unpacked = data::unpack_idx({bytes, size}, "input");
    FRUGAL_ASSERT(unpacked.size() <= 1032 * size + 4096, "no more is unpacked than the bytes hold");
    parse(unpacked);
  } catch (const base::UserError&) {
  }
  return 0;
}
