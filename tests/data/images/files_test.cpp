// CIFAR files and image folders: made here, read back, and damaged.
#include <png.h>

#include "base/error.h"
#include "base/file.h"
#include "data/images/dataset.h"
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

namespace {

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
