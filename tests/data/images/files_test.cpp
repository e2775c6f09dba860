// CIFAR files and image folders: made here with libpng and libjpeg, read back, and damaged.

#include <cmath>
#include <cstdio>

// After <cstdio>: jpeglib.h uses FILE and size_t without declaring them.
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include "base/error.h"
#include "base/file.h"
#include "data/images/dataset.h"
#include "data/images/decode.h"
#include "data/images/resize.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::data;
using Catch::Matchers::Contains;
using test::message_of;

namespace {

// A pixel of a smooth picture, so that JPEG keeps it nearly.
std::uint8_t shade(std::int64_t y, std::int64_t x, std::int64_t c) {
  return static_cast<std::uint8_t>(40 + 3 * y + 5 * x + 20 * c);
}

void write_png(const std::string& path, int width, int height, int color, int depth = 8) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth, color,
               PNG_INTERLACE_ADAM7, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_color palette[256];
  for (int i = 0; i < 256; ++i) {
    const auto value = static_cast<png_byte>(i);
    palette[i] = {value, static_cast<png_byte>(255 - i), 7};
  }
  if (color == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 256);
  png_write_info(png, info);
  const int channels = png_get_channels(png, info);
  std::vector<std::vector<png_byte>> rows;
  std::vector<png_bytep> pointers;
  for (int y = 0; y < height; ++y) {
    std::vector<png_byte> row;
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const bool alpha = (color & PNG_COLOR_MASK_ALPHA) != 0 && c == channels - 1;
        row.push_back(alpha ? static_cast<png_byte>(x == 0 ? 0 : 255) : shade(y, x, c));
        if (depth == 16) row.push_back(row.back());  // v·257, which is v in 8 bits
      }
    }
    rows.push_back(std::move(row));
  }
  for (auto& row : rows) pointers.push_back(row.data());
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
}

void write_jpeg(const std::string& path, int width, int height, int channels, bool progressive) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file);
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, file);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 98, TRUE);
  if (progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < height; ++y) {
    std::vector<JSAMPLE> row;
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) row.push_back(shade(y, x, c));
    }
    JSAMPROW pointer = row.data();
    jpeg_write_scanlines(&jpeg, &pointer, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::fclose(file);
}

Decoded decode_file(const std::string& path, std::int64_t channels) {
  const std::string bytes = base::read_text(path);
  return decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, channels, path);
}

void cut(const std::string& path, double share) {
  std::filesystem::resize_file(
      path, static_cast<std::uintmax_t>(share * static_cast<double>(std::filesystem::file_size(path))));
}

std::string cifar_records(const std::vector<int>& labels, int label_bytes) {
  std::string bytes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (label_bytes == 2) bytes += '\x0b';
    bytes += static_cast<char>(labels[i]);
    for (int p = 0; p < 3072; ++p) bytes += static_cast<char>((static_cast<int>(i) * 100 + p / 1024) & 255);
  }
  return bytes;
}

}  // namespace

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
    const Decoded own = decode_file(path, 0), colour = decode_file(path, 3), grey = decode_file(path, 1);
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
  const Decoded palette = decode_file(path, 3);
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
      const Decoded colour = decode_file(path, 3);
      REQUIRE(colour.channels == 3);
      REQUIRE(colour.height == 11);
      REQUIRE(colour.width == 17);
      REQUIRE(decode_file(path, 1).channels == 1);
      REQUIRE(decode_file(path, 0).channels == (stored == 1 ? 1 : 3));
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
      const std::string message = message_of([&] { decode_file(path, 3); });
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
  const Decoded stored = decode_file(dir / "0.jpg", 1);
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
    const Decoded turned = decode_file(path, 1);
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

TEST_CASE("what systems leave beside images is passed over", "[data]") {
  const test::TempDir dir;
  for (const char* part : {"a", "b", "__MACOSX/a", ".thumbnails", "a/.cache"})
    std::filesystem::create_directories(dir.path() / part);
  for (const char* name : {"a/1.png", "a/2.png", "b/1.png", "__MACOSX/a/1.png", ".thumbnails/1.png",
                           "a/.cache/1.png", "a/._1.png"}) {
    write_png(dir / name, 20, 20, PNG_COLOR_TYPE_RGB);
  }
  DataConfig config;
  config.kind = "folder";
  config.path = dir.path().string();
  const ImageSet set = open_split(config, Split::train);
  REQUIRE(set.class_names == std::vector<std::string>{"a", "b"});
  REQUIRE(set.labels == std::vector<std::int64_t>{0, 0, 1});
}

TEST_CASE("a folder a class becomes splits; other files are skipped; damage is named", "[data]") {
  const test::TempDir dir;
  for (const char* part : {"train/dog", "train/cat", "test/cat", "test/dog"}) {
    std::filesystem::create_directories(dir.path() / part);
  }
  write_png(dir / "train/dog/2.png", 20, 20, PNG_COLOR_TYPE_RGB);
  write_png(dir / "train/dog/1.png", 20, 20, PNG_COLOR_TYPE_GRAY);
  write_jpeg(dir / "train/cat/x.jpg", 30, 20, 3, true);
  write_png(dir / "test/dog/1.png", 20, 20, PNG_COLOR_TYPE_RGB);
  test::write_text(dir / "train/cat/notes.txt", "not an image");
  DataConfig config;
  config.kind = "folder";
  config.path = dir.path().string();
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }),
               Contains("1.png (/data/path): an image of 20×20 pixels among images of 30×20"));
  config.resolution = 20;
  const ImageSet train = open_split(config, Split::train);
  REQUIRE(train.class_names == std::vector<std::string>{"cat", "dog"});
  REQUIRE(train.labels == std::vector<std::int64_t>{0, 1, 1});
  REQUIRE(train.channels == 3);
  std::vector<std::uint8_t> scratch;
  REQUIRE(int{train.image(2, scratch)[400 + 20 * 3 + 4]} == shade(3, 4, 1));
  // The 30×20 picture shows its centre: 5 columns are cut on the left.
  REQUIRE(std::abs(train.image(0, scratch)[20 * 3 + 4] - shade(3, 9, 0)) < 8);
  REQUIRE(open_split(config, Split::test).labels == std::vector<std::int64_t>{1});

  config.memory_mb = 0;  // decoded when asked for: the same bytes
  const ImageSet lazy = open_split(config, Split::train);
  REQUIRE(lazy.pixels.empty());
  for (std::int64_t i = 0; i < 3; ++i) {
    REQUIRE(std::equal(train.image(i, scratch), train.image(i, scratch) + train.image_bytes(),
                       lazy.image(i, scratch)));
  }
  config.memory_mb = 4096;
  cut(dir / "train/dog/1.png", 0.7);
  cut(dir / "train/dog/2.png", 0.7);
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }),
               Contains("dog/1.png (/data/path): damaged PNG"));
  std::filesystem::create_directories(dir.path() / "train/eel");
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }),
               Contains("train/eel (/data/path): no PNG or JPEG file in this class folder"));
  std::filesystem::create_directories(dir.path() / "test/dogs");
  REQUIRE_THAT(message_of([&] { open_split(config, Split::test); }),
               Contains("class 'dogs' is not among the training classes"));
  const test::TempDir empty;
  config.path = empty.path().string();
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }), Contains("no class folders"));
  REQUIRE_THAT(message_of([&] { open_split(config, Split::test); }), Contains("no "));
  std::filesystem::create_directories(empty.path() / "a");
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }), Contains("no PNG or JPEG file"));
  config.path = empty / "absent";
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }), Contains("no such folder"));
}

TEST_CASE("CIFAR-10 and CIFAR-100 binaries", "[data]") {
  const test::TempDir dir;
  DataConfig config;
  config.kind = "cifar";
  config.path = dir.path().string();
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }), Contains("neither CIFAR-10"));
  for (int b = 1; b <= 5; ++b) {
    test::write_text(dir / ("data_batch_" + std::to_string(b) + ".bin"), cifar_records({b, 9}, 1));
  }
  test::write_text(dir / "test_batch.bin", cifar_records({7}, 1));
  const ImageSet train = open_split(config, Split::train);
  REQUIRE(train.labels == std::vector<std::int64_t>{1, 9, 2, 9, 3, 9, 4, 9, 5, 9});
  REQUIRE(train.class_count() == 10);
  std::vector<std::uint8_t> scratch;
  REQUIRE(int{train.image(1, scratch)[2048]} == 102);  // record 1, blue plane
  REQUIRE(open_split(config, Split::test).labels == std::vector<std::int64_t>{7});
  cut(dir / "data_batch_3.bin", 0.6);
  REQUIRE_THAT(
      message_of([&] { open_split(config, Split::train); }),
      Contains(
          "data_batch_3.bin (/data/path): truncated: 3687 bytes are no whole number of records of 3073"));
  test::write_text(dir / "data_batch_3.bin", cifar_records({10}, 1));
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }),
               Contains("data_batch_3.bin (/data/path): label 10 of record 0 is out of range"));

  const test::TempDir hundred;
  test::write_text(hundred / "train.bin", cifar_records({99, 3}, 2));
  test::write_text(hundred / "fine_label_names.txt", "apple\nbear\n");  // too few: numbers instead
  config.path = hundred.path().string();
  const ImageSet fine = open_split(config, Split::train);
  REQUIRE(fine.labels == std::vector<std::int64_t>{99, 3});
  REQUIRE(fine.class_names.at(99) == "99");
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
  REQUIRE(decode_file(dir / "a.png", 0).pixels == white);

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
    REQUIRE(decode_file(dir / "a.jpg", 1).pixels == white);
  }
}
