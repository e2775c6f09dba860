// What the values of a float network hold on calibration images, and how far the int8 network is from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "calibrate/float_network.h"
#include "quant/convert/calibration.h"
#include "quant/convert/to_int8.h"
#include "quant/trainer.h"

namespace frugal::calibrate {

// network: with the folded graph. By tensor of that, for those that values_with_a_range() names; the input's
// is that of its kind (all pixels) where there is one. Throws UserError at "origin: tensor" where values are
// not finite.
std::vector<quant::ValueRange> ranges_of(const FloatNetwork& network, const ir::Graph& folded,
                                         const std::vector<quant::StoredLayer>& layers,
                                         const adapt::Examples& examples,
                                         const std::vector<std::size_t>& which,
                                         const quant::CalibrationChoice& choice, const std::string& origin);

// Of one value, over all images.
struct Distance {
  double signal = 0, noise = 0;  // Σ x², Σ (x − its int8 number)²
  std::int64_t clipped = 0, count = 0;

  double clipped_share() const {
    return count == 0 ? 0 : static_cast<double>(clipped) / static_cast<double>(count);
  }
};

// The input, then each layer: float values beside those of the int8 network, each network going its own way
// from the image on. Clipped: float values more than half a step outside what int8 reaches.
std::vector<Distance> distances_of(const FloatNetwork& network, const ir::Graph& folded,
                                   const quant::Int8Network& made, const adapt::Examples& examples,
                                   const std::vector<std::size_t>& which, const quant::Samples& samples,
                                   std::size_t threads, const std::string& origin);

}  // namespace frugal::calibrate
