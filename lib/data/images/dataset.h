// A set of labelled images of one size, held compactly: 8-bit pixels, N×C×H×W, one block. A split is chosen
// from the files by the config alone, so that the same config names the same examples on every machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/images/config.h"
#include "samples/split.h"

namespace frugal::data {

using samples::Split;

struct ImageSet {
  std::string name;  // "fashion-mnist train"
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;      // size() × channels × height × width; empty where `decode` is set
  std::vector<std::int64_t> labels;      // 0 … class_count() − 1
  std::vector<std::string> class_names;  // in the order of the labels
  std::vector<float> mean, std;          // per channel, of pixels in [0, 1]

  // Large image folders are decoded when asked for: writes image i's bytes. Safe from several threads.
  std::function<void(std::int64_t i, std::uint8_t* out)> decode;

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t class_count() const { return static_cast<std::int64_t>(class_names.size()); }
  std::int64_t image_bytes() const { return channels * height * width; }

  // The C×H×W bytes of image i; `scratch` holds them where they have to be decoded.
  const std::uint8_t* image(std::int64_t i, std::vector<std::uint8_t>& scratch) const;
};

// Reads the files and takes the split: validation is cut from the training examples by seed, the fraction
// from what remains (train only); the test split is the files' own. Both cuts keep the classes' shares to
// within one example. Throws UserError naming the file where something is missing, damaged or empty.
ImageSet open_split(const DataConfig& config, Split split);

}  // namespace frugal::data
