// The readers of image formats, one file each (idx_files.cpp, cifar.cpp, folder.cpp), and what a reader
// gives: all images of the training or the test files as they are stored. The table of formats is in
// dataset.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/images/config.h"

namespace frugal::data {

struct RawImages {
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  // N×C×H×W; empty where `load` is set
  std::vector<std::int64_t> labels;
  std::vector<std::string> class_names;

  // Formats whose images are decoded one by one, already at channels×height×width. Thread-safe.
  std::function<void(std::int64_t i, std::uint8_t* out)> load;
};

// Each throws UserError naming the file that is missing or damaged.
RawImages read_idx_files(const DataConfig& config, bool train);
RawImages read_cifar(const DataConfig& config, bool train);
RawImages read_folder(const DataConfig& config, bool train);

std::vector<std::string> format_names();  // of the table

}  // namespace frugal::data
