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

// An auto-encoder of the same images: by convolutions, or (dense) by fully connected layers, whose output has
// another shape than the image. Behind it a dequantize, as other projects' files have it.
ir::Model tiny_autoencoder(std::uint64_t seed, bool dense, const std::string& rounding = "float32-half-even",
                           const ir::Dims& image = {1, 2, 6, 5});

// Images [2, 6, 5] of noise around a pattern a class.
quant::Samples tiny_samples(std::uint64_t seed, std::size_t count, std::int64_t classes = 3);

}  // namespace frugal::test
