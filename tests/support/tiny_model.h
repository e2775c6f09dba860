// A small int8 network with a float head, its numbers drawn by a seed: convolution, depthwise, projection
// with a residual, pool, head. And samples whose classes it can learn.
#pragma once

#include <cstdint>
#include <string>

#include "ir/model.h"
#include "quant/trainer.h"

namespace frugal::test {

struct TinyShape {
  bool residual = true;
  std::int64_t hidden = 12;  // channels of the depthwise layer
};
ir::Model tiny_int8_model(std::uint64_t seed, const std::string& rounding = "float32-half-even",
                          std::int64_t classes = 3, const ir::Dims& image = {1, 2, 6, 5},
                          const TinyShape& shape = {});

// Images [2, 6, 5] of noise around a pattern a class.
quant::Samples tiny_samples(std::uint64_t seed, std::size_t count, std::int64_t classes = 3);

}  // namespace frugal::test
