// Labelled samples of any kind (sensors, speech, text) from one .safetensors file. Torch-free. The file holds
//
//   inputs   f32, i8, u8 or i32 [n, …]: a sample is [channels, length], [channels, height, width],
//   [features],
//            or, for a network that takes token numbers, [length] of i32
//   labels   i32 or i64 [n]: classes, 0 to k − 1, each with a sample
//   groups   i32 or i64 [n], may be absent: what a sample belongs to, a person or a speaker
//   split    i32, i8 or u8 [n], may be absent: 0 training, 1 validation, 2 test
//
// and, where its metadata has `class_names`, a JSON list of k texts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "samples/split.h"

namespace frugal::samples {

class TensorFile {
 public:
  // Checks everything that does not depend on what is asked for: types, shapes, labels, every number finite.
  // Throws UserError at "path" or "path:tensor".
  explicit TensorFile(const std::string& path);

  const std::string& path() const { return file_.path(); }
  std::size_t size() const { return labels_.size(); }
  const std::vector<std::int64_t>& shape() const { return shape_; }  // of one sample
  std::size_t sample_size() const { return sample_size_; }           // its numbers
  bool holds_integers() const;
  const std::vector<std::int64_t>& labels() const { return labels_; }
  const std::vector<std::int64_t>& groups() const { return groups_; }  // empty where the file has none
  const std::vector<std::int64_t>& splits() const { return splits_; }
  const std::vector<std::string>& class_names() const { return class_names_; }

  // Sample i's numbers, row-major, as they stand in the file.
  void read(std::size_t i, float* out) const;

 private:
  std::vector<std::int64_t> column(const char* name, bool must_be_there) const;
  void check_labels() const;
  void read_class_names();
  void check_inputs() const;

  checkpoint::SafetensorsFile file_;
  const checkpoint::TensorInfo* inputs_ = nullptr;
  std::vector<std::int64_t> shape_, labels_, groups_, splits_;
  std::vector<std::string> class_names_;
  std::size_t sample_size_ = 0;
};

}  // namespace frugal::samples
