// The samples of a tensor file that a config asks for: some classes, some groups, one split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "samples/split.h"
#include "samples/tensor_file.h"

namespace frugal::samples {

struct TensorChoice {
  std::string path;                  // of the .safetensors file
  std::vector<std::string> classes;  // renumbered in this order; empty: all
  std::vector<std::int64_t> groups;  // empty: all
  double fraction = 1, validation = 0;
  double test = 0.25;  // share of the samples that is the test split, where the file marks none
  std::int64_t seed = 0;
  std::string place = "/data";  // of the config, for errors
};

struct TensorSet {
  std::string name;  // "imu.safetensors train"
  std::shared_ptr<const TensorFile> file;
  std::vector<std::size_t> places;   // of the samples in the file, ascending
  std::vector<std::int64_t> labels;  // 0 … class_names.size() − 1
  std::vector<std::string> class_names;
};

// Groups and classes are chosen first. Where the file has a tensor `split`, it says what training and test
// samples are, and what validation samples are if it marks any; else `test` of all samples is the test split.
// Where no sample is marked as validation, `validation` of the training samples is. `fraction` is of the
// training samples that remain. All cuts are by seed and keep the classes' shares to within one sample.
// Throws UserError at "path:tensor" or "place/field": a group or class that is not there, an empty split, a
// class without a training sample.
TensorSet open_tensors(const TensorChoice& choice, Split split);

}  // namespace frugal::samples
