#include "data/images/idx.h"

#include <zlib.h>

#include <cmath>

#include "base/error.h"
#include "data/images/dataset.h"
#include "data/images/gzip.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::data;
using Catch::Matchers::Contains;
using test::message_of;

namespace {

std::string be32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string idx(char type, const std::vector<std::uint32_t>& dims, const std::string& values) {
  std::string text{'\0', '\0', type, static_cast<char>(dims.size())};
  for (std::uint32_t dim : dims) text += be32(dim);
  return text + values;
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string parse_error(const std::string& text) {
  return message_of([&] { parse_idx_images(bytes_of(text), "file"); });
}

// A small data set in a folder; returns its config.
DataConfig write_set(const test::TempDir& dir, const std::string& train_labels = std::string("\0\1\2\1", 4),
                     const std::string& test_labels = std::string("\2\0", 2)) {
  std::string pixels;
  for (int i = 0; i < 4 * 6; ++i) pixels += static_cast<char>(i * 10);
  test::write_text(dir / "train-images-idx3-ubyte", idx(8, {4, 2, 3}, pixels));
  test::write_text(dir / "train-labels-idx1-ubyte",
                   idx(8, {static_cast<std::uint32_t>(train_labels.size())}, train_labels));
  test::write_text(dir / "t10k-images-idx3-ubyte", idx(8, {2, 2, 3}, pixels.substr(0, 12)));
  test::write_text(dir / "t10k-labels-idx1-ubyte",
                   idx(8, {static_cast<std::uint32_t>(test_labels.size())}, test_labels));
  DataConfig config;
  config.kind = "idx";
  config.path = dir.path().string();
  return config;
}

}  // namespace

TEST_CASE("a damaged IDX header or body is named with what was expected", "[data]") {
  REQUIRE_THAT(parse_error(""), Contains("expected at least 4 bytes, got 0"));
  REQUIRE_THAT(parse_error("\x89PNG...."), Contains("not an IDX file: it starts with 0x89 0x50"));
  REQUIRE_THAT(parse_error(idx(7, {1}, "a")), Contains("unknown IDX type 0x07"));
  REQUIRE_THAT(parse_error(idx(8, {}, "a")), Contains("no dimensions"));
  REQUIRE_THAT(parse_error(idx(8, {1, 2, 3}, "abcdef").substr(0, 12)),
               Contains("3 dimensions need 16 bytes, got 12"));
  REQUIRE_THAT(parse_error(idx(8, {1, 2, 3}, "abc")),
               Contains("1×2×3 values need 6 bytes after the header, got 3"));
  REQUIRE_THAT(parse_error(idx(8, {1, 2, 3}, "abcdefg")), Contains("too long"));
  const std::uint32_t most = 0xffffffff;
  REQUIRE_THAT(parse_error(idx(8, {most, most, most}, "abc")), Contains("impossible size"));
  REQUIRE_THAT(parse_error(idx(8, {65536, 65536, 65536, 65536}, "")), Contains("impossible size"));
  REQUIRE_THAT(parse_error(idx(0x0D, {1, 1, 1}, "abcd")),
               Contains("images must be uint8 (0x08), got type 0x0d"));
  REQUIRE_THAT(parse_error(idx(8, {3}, "abc")), Contains("got 1"));
  REQUIRE_THAT(parse_error(idx(8, {0, 2, 2}, "")), Contains("no images"));
  REQUIRE_THAT(parse_error(idx(8, {1, 2, 1, 1}, "ab")), Contains("1 or 3 channels, got 2"));
}

TEST_CASE("IDX files of a folder become splits", "[data]") {
  const test::TempDir dir;
  const DataConfig config = write_set(dir);
  const ImageSet train = open_split(config, Split::train);
  REQUIRE(train.size() == 4);
  REQUIRE(train.labels == std::vector<std::int64_t>{0, 1, 2, 1});
  REQUIRE(train.class_names == std::vector<std::string>{"0", "1", "2"});
  REQUIRE(train.height == 2);
  REQUIRE(train.width == 3);
  std::vector<std::uint8_t> scratch;
  REQUIRE(train.image(1, scratch)[0] == 60);
  const ImageSet held = open_split(config, Split::test);
  REQUIRE(held.size() == 2);
  REQUIRE(held.class_count() == 3);

  DataConfig colour = config;
  colour.channels = 3;
  const ImageSet three = open_split(colour, Split::train);
  REQUIRE(three.channels == 3);
  REQUIRE(three.mean.size() == 3);
  for (int c = 0; c < 3; ++c) REQUIRE(three.image(2, scratch)[c * 6 + 4] == 160);
}

TEST_CASE("only some classes of a data set are read, renumbered in their order", "[data]") {
  const test::TempDir dir;
  DataConfig config = write_set(dir);  // labels 0 1 2 1; test 2 0
  config.classes = {"2", "1"};
  const ImageSet train = open_split(config, Split::train);
  REQUIRE(train.labels == std::vector<std::int64_t>{1, 0, 1});
  REQUIRE(train.class_names == std::vector<std::string>{"2", "1"});
  std::vector<std::uint8_t> scratch;
  for (const auto& [place, first] : {std::pair{0, 60}, {1, 120}, {2, 180}})
    REQUIRE(int{train.image(place, scratch)[0]} == first);
  const ImageSet held = open_split(config, Split::test);
  REQUIRE(held.labels == std::vector<std::int64_t>{0});
  REQUIRE(int{held.image(0, scratch)[0]} == 0);
  // The splits are cut from the classes that are read.
  config.validation = 0.34;
  REQUIRE(open_split(config, Split::validation).size() == 1);
  REQUIRE(open_split(config, Split::train).size() == 2);

  // All classes in another order: every image, other labels.
  config = write_set(dir);
  config.classes = {"1", "2", "0"};
  REQUIRE(open_split(config, Split::train).labels == std::vector<std::int64_t>{2, 0, 1, 0});

  const auto refused = [&](const std::vector<std::string>& classes) {
    config.classes = classes;
    return message_of([&] { open_split(config, Split::train); });
  };
  REQUIRE_THAT(refused({"0", "3"}), Contains("/data/classes/1: is no class: '3'"));
  REQUIRE_THAT(refused({"0", "two"}), Contains("/data/classes/1: is no class: 'two'"));
  REQUIRE_THAT(refused({"1", "0", "1"}), Contains("/data/classes/2: names class 1 ('1') again"));
  REQUIRE_THAT(refused({"1"}), Contains("/data/classes: names one class"));
  config.validation = 0.01;
  config.classes = {"0", "2"};
  REQUIRE_THAT(message_of([&] { open_split(config, Split::validation); }), Contains("holds no image"));
}

TEST_CASE("wrong data folders are refused with their file", "[data]") {
  const test::TempDir dir;
  DataConfig config = write_set(dir, std::string("\0\1\2", 3));
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }),
               Contains("train-labels-idx1-ubyte (/data/path): 3 labels for 4 images in"));
  write_set(dir, std::string("\0\1\1\1", 4));
  REQUIRE_THAT(message_of([&] { open_split(config, Split::test); }),
               Contains("label 2 of example 0 is out of range: there are 2 classes, 0 to 1"));
  REQUIRE_THAT(message_of([&] { open_split(config, Split::validation); }),
               Contains("/data/validation: is 0"));
  config.validation = 0.01;
  REQUIRE_THAT(message_of([&] { open_split(config, Split::validation); }), Contains("holds no image"));
  config.path = dir / "absent";
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }),
               Contains("no file train-labels-idx1-ubyte"));
  config.path.clear();
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }), Contains("needs a path"));
  config.kind = "tiff";
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }), Contains("unknown data kind 'tiff'"));
}

TEST_CASE("Fashion-MNIST as Debian packages it", "[data]") {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    WARN("SKIPPED: the package dataset-fashion-mnist is not installed");
    return;
  }
  const ImageSet held = open_split({}, Split::test);
  REQUIRE(held.size() == 10000);
  REQUIRE(held.class_names.at(9) == "Ankle boot");
  REQUIRE(held.labels[0] == 9);  // the first test image is an ankle boot
  std::vector<int> count(10);
  for (std::int64_t label : held.labels) ++count[static_cast<std::size_t>(label)];
  REQUIRE(count == std::vector<int>(10, 1000));
  DataConfig small;
  small.fraction = 1.0 / 64;
  const ImageSet train = open_split(small, Split::train);
  REQUIRE(train.size() == 938);
  // The normalisation in use is that of the training pixels.
  const ImageSet all = open_split({}, Split::train);
  double sum = 0, squares = 0;
  for (std::uint8_t value : all.pixels) {
    sum += value / 255.0;
    squares += (value / 255.0) * (value / 255.0);
  }
  const double n = static_cast<double>(all.pixels.size()), mean = sum / n;
  REQUIRE(mean == Approx(all.mean[0]).margin(5e-4));
  REQUIRE(std::sqrt(squares / n - mean * mean) == Approx(all.std[0]).margin(5e-4));

  // A cut-off .gz is named.
  const test::TempDir dir;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/share/datasets/fashion-mnist")) {
    std::filesystem::copy(entry.path(), dir.path());
  }
  std::filesystem::resize_file(dir / "t10k-images-idx3-ubyte.gz", 100000);
  DataConfig cut;
  cut.path = dir.path().string();
  REQUIRE_THAT(message_of([&] { open_split(cut, Split::test); }),
               Contains("t10k-images-idx3-ubyte.gz (/data/path): the gzip stream ends early"));
}

TEST_CASE("IDX inside gzip is unpacked no further than its own header says", "[data]") {
  const test::TempDir dir;
  const auto packed = [&](const std::string& text, int more_zeros) {
    const std::string path = dir / "a.gz";
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    const std::string zeros(1 << 20, '\0');
    for (int i = 0; i < more_zeros; ++i) gzwrite(file, zeros.data(), static_cast<unsigned>(zeros.size()));
    gzclose(file);
    return path;
  };
  const std::string whole = idx(8, {1, 2, 3}, "abcdef");
  REQUIRE(read_idx(packed(whole, 0)) == std::vector<std::uint8_t>(whole.begin(), whole.end()));
  const auto cut = read_idx(packed(whole, 30));
  REQUIRE(cut.size() == whole.size() + 1);
  REQUIRE_THAT(message_of([&] { parse_idx(cut, "file"); }), Contains("too long: 1×2×3 values need 6 bytes"));
  REQUIRE_THAT(message_of([&] { read_idx(packed("no header", 30)); }), Contains("not an IDX file"));
  REQUIRE_THAT(message_of([&] {
                 read_idx(packed(idx(8, {4000000000U, 4000000000U, 4}, ""), 0));
               }),
               Contains("impossible size"));
}

TEST_CASE("means and deviations: one value serves three channels, three serve grey by their mean", "[data]") {
  const test::TempDir dir;
  DataConfig config = write_set(dir);
  config.mean = {0.1, 0.3, 0.8};
  config.std = {0.2};
  const ImageSet grey = open_split(config, Split::train);
  REQUIRE(grey.mean.size() == 1);
  REQUIRE(grey.mean[0] == Approx(0.4));
  REQUIRE(grey.std == std::vector<float>{0.2F});
  config.channels = 3;
  const ImageSet colour = open_split(config, Split::train);
  REQUIRE(colour.mean == std::vector<float>{0.1F, 0.3F, 0.8F});
  REQUIRE(colour.std == std::vector<float>(3, 0.2F));
  config.std = {0.2, 0.3};
  REQUIRE_THAT(message_of([&] { open_split(config, Split::train); }),
               Contains("/std: 2 values for images of 3 channels"));
}
