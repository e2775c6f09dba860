// The part of a config that says which images a trainer reads, how many of them, and how it shows them to the
// network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/visitor.h"

namespace frugal::data {

// Random changes to training images, drawn per (seed, epoch, example), in this order: random resized crop or
// crop with padding, flip, cut-out. Never applied to the validation and test splits by `open_split`'s caller.
struct AugmentConfig {
  std::int64_t crop_padding = 0;         // pad by so many black pixels, cut out the original size again
  bool flip = false;                     // left-right, half of the time
  std::int64_t cutout = 0;               // side of a square set to the mean (DeVries, Taylor 2017); 0 = none
  double random_resized_crop_scale = 1;  // least share of the area kept (Szegedy et al. 2015); 1 = none

  bool any() const { return crop_padding > 0 || flip || cutout > 0 || random_resized_crop_scale < 1; }
  void visit(config::Visitor& v);
};

struct DataConfig {
  std::string kind = "fashion-mnist";  // a format of dataset.cpp
  std::string path;                    // empty: Debian's folder for fashion-mnist
  double fraction = 1;                 // of the training examples that validation leaves
  std::int64_t seed = 0;               // of the fraction and of the validation split
  double validation = 0;               // share of the training examples held out, before the fraction
  std::vector<std::string> classes;    // only these, renumbered from 0 in this order; empty = all
  std::int64_t resolution = 0;         // side in pixels after resizing; 0 = as stored
  std::int64_t channels = 0;           // 1 or 3; 0 = as stored
  std::vector<double> mean, std;       // of pixels in [0, 1], per channel; empty = the table of the kind
  std::int64_t memory_mb = 4096;       // folders above it are decoded batch by batch
  AugmentConfig augment;

  std::string place = "/data";  // where it stands in its config, for errors; no field of it

  void visit(config::Visitor& v);

 protected:
  void visit_with(const std::vector<std::string>& kinds, const char* help_of_kind, config::Visitor& v);
};

}  // namespace frugal::data
