// From 8-bit pixels to the normalised floats that a network reads, with the random changes of training on
// the way. Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "data/images/config.h"
#include "data/images/dataset.h"

namespace frugal::data {

// (pixel / 255 − mean) / std for every pixel value, per channel.
using NormalTable = std::vector<std::array<float, 256>>;
NormalTable normal_table(const ImageSet& set);

// Writes one image of C×H×W bytes as floats: C×H×W, or H×W×C where channels_last. All its randomness is
// drawn from `random`; with an augment that does nothing, none is.
void render(const std::uint8_t* image, const ImageSet& set, const NormalTable& table,
            const AugmentConfig& augment, base::Random& random, bool channels_last,
            std::vector<std::uint8_t>& scratch, float* out);

}  // namespace frugal::data
