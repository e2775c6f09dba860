#include "train/images/preprocessing.h"

#include <cmath>

namespace frugal::train {
namespace {

// As they were written: 0.485, not the nearest float's 0.48500001430511475.
std::vector<double> written(const std::vector<float>& values) {
  std::vector<double> rounded;
  for (const float value : values) rounded.push_back(std::round(1e6 * static_cast<double>(value)) / 1e6);
  return rounded;
}

}  // namespace

network::Preprocessing preprocessing_of(const data::ImageSet& set) {
  network::Preprocessing preprocessing;
  preprocessing.mean = written(set.mean);
  preprocessing.std = written(set.std);
  preprocessing.classes = set.class_names;
  return preprocessing;
}

}  // namespace frugal::train
