// Images as what a network on int8 learns from.
#include "adapt/examples.h"

#include <cmath>

#include "support/image_writer.h"
#include "support/test.h"

using namespace frugal;

TEST_CASE("the range of images is that of the pixels 0 and 255 by their channels' mean and deviation",
          "[adapt]") {
  const test::TempDir dir;
  for (const char* part : {"train/a", "train/b"}) {
    std::filesystem::create_directories(dir.path() / part);
    test::write_png(dir / (std::string(part) + "/1.png"), 8, 8, 2);  // PNG_COLOR_TYPE_RGB
  }
  adapt::ExampleConfig config;
  config.kind = "folder";
  config.path = dir.path().string();
  config.mean = {0.5, 0.25, 0.5};
  config.std = {0.25, 0.5, 0.125};
  const auto examples = adapt::open_examples(config, samples::Split::train, adapt::Unnamed::statistics);
  REQUIRE(examples->range().has_value());
  CHECK(examples->range()->first == Approx(-4));
  CHECK(examples->range()->second == Approx(4));
}
