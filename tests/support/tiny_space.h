// A search space small enough to be taken apart by hand.
#pragma once

#include "search/space/space.h"

namespace frugal::test {

// Two searched blocks of 6 x 6 pixels: one that changes the shape, one that may be skipped.
inline search::SearchSpace tiny_space(std::int64_t channels, std::int64_t classes) {
  search::SpaceConfig config;
  config.input_channels = channels;
  config.classes = classes;
  config.resolution = 6;
  config.stem = 4;
  config.stem_stride = 1;
  config.first_block = config.head = 0;
  config.candidates = {"3e1", "3e2", "5e1", "Z"};
  config.stages = {{4, 2, 2, {}}};
  return {config, ""};
}

}  // namespace frugal::test
