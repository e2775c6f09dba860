// PNG and JPEG files, made here with libpng and libjpeg, read back, turned, resized and damaged.
#include "data/images/decode.h"

#include <cmath>
#include <cstdio>

// After <cstdio>: jpeglib.h uses FILE and size_t without declaring them.
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include "base/error.h"
#include "base/file.h"
#include "data/images/image_file.h"
#include "data/images/resize.h"
#include "support/image_writer.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::data;
using Catch::Matchers::Contains;
using test::cut;
using test::message_of;
using test::shade;
using test::write_jpeg;
using test::write_png;

TEST_CASE("PNG files of every kind come out in the channels asked for", "[data]") {
  const test::TempDir dir;
  const std::string path = dir / "a.png";
  const int height = 9, width = 6;
  struct Kind {
    int color, depth, channels;
    bool alpha;
  };
  for (const Kind& kind :
       {Kind{PNG_COLOR_TYPE_GRAY, 8, 1, false}, Kind{PNG_COLOR_TYPE_GRAY, 16, 1, false},
        Kind{PNG_COLOR_TYPE_RGB, 8, 3, false}, Kind{PNG_COLOR_TYPE_RGB, 16, 3, false},
        Kind{PNG_COLOR_TYPE_RGB_ALPHA, 8, 3, true}, Kind{PNG_COLOR_TYPE_GRAY_ALPHA, 8, 1, true}}) {
    write_png(path, width, height, kind.color, kind.depth);
    const Decoded own = read_image(path, 0), colour = read_image(path, 3), grey = read_image(path, 1);
    REQUIRE(own.channels == kind.channels);
    REQUIRE(colour.channels == 3);
    REQUIRE(grey.channels == 1);
    for (const Decoded* image : {&own, &colour, &grey}) {
      REQUIRE(image->height == height);
      REQUIRE(image->width == width);
      REQUIRE(image->pixels.size() == static_cast<std::size_t>(image->channels * height * width));
    }
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const bool hidden = kind.alpha && x == 0;  // wholly transparent: black
        double luma = 0;
        const double weights[] = {0.299, 0.587, 0.114};
        for (std::int64_t c = 0; c < 3; ++c) {
          const int expected = hidden ? 0 : shade(y, x, kind.channels == 1 ? 0 : c);
          REQUIRE(int{colour.pixels[static_cast<std::size_t>((c * height + y) * width + x)]} == expected);
          luma += weights[c] * expected;
        }
        REQUIRE(std::abs(grey.pixels[static_cast<std::size_t>(y * width + x)] - luma) <= 1.01);
      }
    }
  }
  write_png(path, width, height, PNG_COLOR_TYPE_PALETTE);
  const Decoded palette = read_image(path, 3);
  REQUIRE(int{palette.pixels[0]} == shade(0, 0, 0));
  REQUIRE(int{palette.pixels[height * width]} == 255 - shade(0, 0, 0));
  REQUIRE(int{palette.pixels[2 * height * width]} == 7);
}

TEST_CASE("JPEG files, baseline, progressive, grey and CMYK", "[data]") {
  const test::TempDir dir;
  const std::string path = dir / "a.jpg";
  for (int stored : {1, 3, 4}) {
    for (bool progressive : {false, true}) {
      write_jpeg(path, 17, 11, stored, progressive);
      const Decoded colour = read_image(path, 3);
      REQUIRE(colour.channels == 3);
      REQUIRE(colour.height == 11);
      REQUIRE(colour.width == 17);
      REQUIRE(read_image(path, 1).channels == 1);
      REQUIRE(read_image(path, 0).channels == (stored == 1 ? 1 : 3));
      for (std::int64_t y = 0; y < 11; ++y) {
        for (std::int64_t x = 0; x < 17; ++x) {
          for (std::int64_t c = 0; c < 3; ++c) {
            double expected = shade(y, x, stored == 1 ? 0 : c);
            // libjpeg marks its CMYK as Adobe's, whose values are inverted: R = C·K / 255.
            if (stored == 4) expected = expected * shade(y, x, 3) / 255;
            const double got = colour.pixels[static_cast<std::size_t>((c * 11 + y) * 17 + x)];
            REQUIRE(std::abs(got - expected) < 8);
          }
        }
      }
    }
  }
}

TEST_CASE("images that end early are refused with their file", "[data]") {
  const test::TempDir dir;
  for (double share : {0.02, 0.3, 0.6, 0.9, 0.99}) {
    const std::string png = dir / "a.png", jpeg = dir / "b.jpg", progressive = dir / "c.jpg";
    write_png(png, 64, 64, PNG_COLOR_TYPE_RGB);
    write_jpeg(jpeg, 64, 64, 3, false);
    write_jpeg(progressive, 64, 64, 3, true);
    for (const std::string& path : {png, jpeg, progressive}) {
      cut(path, share);
      const std::string message = message_of([&] { read_image(path, 3); });
      INFO(message);
      REQUIRE_THAT(message, Contains(path));
      REQUIRE_THAT(message, Contains("damaged") || Contains("neither PNG nor JPEG"));
    }
  }
}

TEST_CASE("resizing keeps constants and ramps, and averages what it shrinks", "[data]") {
  std::vector<std::uint8_t> flat(12 * 10, 77), out(7 * 5);
  resize(flat.data(), 1, 12, 10, {0, 0, 12, 10}, 7, 5, out.data());
  for (std::uint8_t value : out) REQUIRE(int{value} == 77);
  std::vector<std::uint8_t> stripes(64 * 64);
  for (std::size_t i = 0; i < stripes.size(); ++i) stripes[i] = i % 2 ? 200 : 0;
  out.resize(8 * 8);
  resize(stripes.data(), 1, 64, 64, {0, 0, 64, 64}, 8, 8, out.data());
  for (std::size_t i = 0; i < out.size(); ++i) {
    // Without antialiasing 0 or 200. At the borders the filter is cut off and less balanced.
    const bool border = i % 8 == 0 || i % 8 == 7;
    REQUIRE(std::abs(out[i] - 100) <= (border ? 5 : 1));
  }
  std::vector<std::uint8_t> ramp(16 * 16);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<std::uint8_t>(10 * (i % 16));
  out.resize(32 * 32);
  resize(ramp.data(), 1, 16, 16, {0, 0, 16, 16}, 32, 32, out.data());
  for (int x = 1; x < 31; ++x)
    REQUIRE(std::abs(out[static_cast<std::size_t>(5 * 32 + x)] - (5.0 * x - 2.5)) <= 1);
  // The same size changes nothing.
  out.resize(16 * 16);
  resize(ramp.data(), 1, 16, 16, {0, 0, 16, 16}, 16, 16, out.data());
  REQUIRE(out == ramp);
}

namespace {

// Puts an Exif block with an orientation behind the first two bytes of a JPEG.
void orient(const std::string& path, int orientation) {
  using namespace std::string_literals;
  const std::string tiff =
      "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + static_cast<char>(orientation) + "\0\0\0\0\0\0\0"s;
  const std::string block = "Exif\0\0"s + tiff;
  const std::string bytes = base::read_text(path);
  test::write_text(path, bytes.substr(0, 2) + "\xff\xe1\0"s + static_cast<char>(block.size() + 2) + block +
                             bytes.substr(2));
}

}  // namespace

TEST_CASE("photos are turned as their Exif block says", "[data]") {
  const test::TempDir dir;
  write_jpeg(dir / "0.jpg", 30, 20, 1, false);
  const Decoded stored = read_image(dir / "0.jpg", 1);
  // Where the stored image's first row and first column are to be seen (Exif 2.32, orientation).
  const auto seen_at = [&](int orientation, std::int64_t row,
                           std::int64_t column) -> std::pair<std::int64_t, std::int64_t> {
    const std::int64_t h = 19, w = 29;
    switch (orientation) {
      case 2:
        return {row, w - column};
      case 3:
        return {h - row, w - column};
      case 4:
        return {h - row, column};
      case 5:
        return {column, row};
      case 6:
        return {column, h - row};
      case 7:
        return {w - column, h - row};
      case 8:
        return {w - column, row};
      default:
        return {row, column};
    }
  };
  for (int orientation = 1; orientation <= 9; ++orientation) {
    const std::string path = dir / (std::to_string(orientation) + ".jpg");
    write_jpeg(path, 30, 20, 1, false);
    orient(path, orientation);
    const Decoded turned = read_image(path, 1);
    const bool across = orientation >= 5 && orientation <= 8;
    REQUIRE(turned.height == (across ? 30 : 20));
    REQUIRE(turned.width == (across ? 20 : 30));
    for (std::int64_t row = 0; row < 20; ++row) {
      for (std::int64_t column = 0; column < 30; ++column) {
        const auto [y, x] = seen_at(orientation, row, column);
        REQUIRE(turned.pixels[static_cast<std::size_t>(y * turned.width + x)] ==
                stored.pixels[static_cast<std::size_t>(row * 30 + column)]);
      }
    }
  }
}

TEST_CASE("an image that says more pixels than its bytes can hold is refused before they are made",
          "[data]") {
  const test::TempDir dir;
  const auto refused = [&](std::string bytes) {
    return message_of([&] {
      decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, 0, "file");
    });
  };
  const std::string sides{'\x3e', '\x80', '\x3e',
                          '\x80'};  // 16,000 twice: 256 million pixels, as many as are read
  write_png(dir / "a.png", 6, 9, PNG_COLOR_TYPE_RGB);
  std::string png = base::read_text(dir / "a.png");
  png.replace(16, 8, std::string("\0\0", 2) + sides.substr(0, 2) + std::string("\0\0", 2) + sides.substr(2));
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(png.data()) + 12, 17);
  for (std::size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(sum >> (24 - 8 * i));
  REQUIRE_THAT(refused(png), Contains("16000×16000 pixels, which its") && Contains("bytes cannot hold"));

  for (const bool progressive : {false, true}) {
    write_jpeg(dir / "a.jpg", 6, 9, 3, progressive);
    std::string jpeg = base::read_text(dir / "a.jpg");
    const std::size_t frame = jpeg.find(progressive ? "\xff\xc2" : "\xff\xc0");
    REQUIRE(frame != std::string::npos);
    jpeg.replace(frame + 5, 4, sides);
    REQUIRE_THAT(refused(jpeg), Contains("16000×16000 pixels, which its"));
  }
}

TEST_CASE("images of one colour, the smallest files of their size, are read", "[data]") {
  const test::TempDir dir;
  const int side = 1000;
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = side;
  image.format = PNG_FORMAT_GRAY;
  const std::vector<std::uint8_t> white(side * side, 255);
  REQUIRE(png_image_write_to_file(&image, (dir / "a.png").c_str(), 0, white.data(), side, nullptr) != 0);
  REQUIRE(read_image(dir / "a.png", 0).pixels == white);

  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  for (const bool progressive : {false, true}) {
    jpeg_create_compress(&jpeg);
    std::FILE* file = std::fopen((dir / "a.jpg").c_str(), "wb");
    REQUIRE(file);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = jpeg.image_height = side;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg.optimize_coding = TRUE;
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    std::vector<JSAMPLE> row(3 * side, 255);
    JSAMPROW pointer = row.data();
    while (jpeg.next_scanline < jpeg.image_height) jpeg_write_scanlines(&jpeg, &pointer, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    std::fclose(file);
    CAPTURE(progressive, std::filesystem::file_size(dir / "a.jpg"));
    REQUIRE(read_image(dir / "a.jpg", 1).pixels == white);
  }
}
