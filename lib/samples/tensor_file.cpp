#include "samples/tensor_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::samples {
namespace {

using base::UserError;
using checkpoint::DType;

constexpr std::int64_t most_classes = 65536, largest_exact = std::int64_t{1} << 24;  // of float

std::string text_of(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

template <typename T>
T number_at(std::span<const unsigned char> bytes, std::size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

std::int64_t integer_at(DType type, std::span<const unsigned char> bytes, std::size_t i) {
  switch (type) {
    case DType::i64:
      return number_at<std::int64_t>(bytes, i);
    case DType::i32:
      return number_at<std::int32_t>(bytes, i);
    case DType::i8:
      return number_at<std::int8_t>(bytes, i);
    default:
      return bytes[i];
  }
}

}  // namespace

TensorFile::TensorFile(const std::string& path) : file_(path) {
  inputs_ = &file_.at("inputs");
  const std::string place = path + ":inputs";
  if (inputs_->dtype != DType::f32 && inputs_->dtype != DType::i8 && inputs_->dtype != DType::u8 &&
      inputs_->dtype != DType::i32)
    throw UserError(place, fmt::format("is {}", checkpoint::name_of(inputs_->dtype)),
                    "F32, I8, U8 and I32 are read");
  const std::vector<std::int64_t>& shape = inputs_->shape;
  if (shape.size() < 2 || shape.size() > 4)
    throw UserError(place, "has the shape " + text_of(shape),
                    "[samples, channels, length], [samples, channels, height, width] or [samples, length]");
  if (inputs_->element_count() == 0)
    throw UserError(place, fmt::format("holds no sample: its shape is {}", text_of(shape)));
  shape_.assign(shape.begin() + 1, shape.end());
  sample_size_ = static_cast<std::size_t>(inputs_->element_count() / shape[0]);
  labels_ = column("labels", true);
  groups_ = column("groups", false);
  splits_ = column("split", false);
  check_labels();
  for (std::size_t i = 0; i < splits_.size(); ++i) {
    if (splits_[i] < 0 || splits_[i] > 2)
      throw UserError(path + ":split", fmt::format("is {} for sample {}", splits_[i], i),
                      "0 is training, 1 validation, 2 test");
  }
  read_class_names();
  check_inputs();
}

std::vector<std::int64_t> TensorFile::column(const char* name, bool must_be_there) const {
  const checkpoint::TensorInfo* tensor = must_be_there ? &file_.at(name) : file_.find(name);
  if (tensor == nullptr) return {};
  const std::string place = file_.path() + ":" + name;
  if (tensor->dtype != DType::i32 && tensor->dtype != DType::i64 && tensor->dtype != DType::i8 &&
      tensor->dtype != DType::u8)
    throw UserError(place, fmt::format("is {}", checkpoint::name_of(tensor->dtype)),
                    "whole numbers are read: I32, I64, I8, U8");
  if (tensor->shape != std::vector<std::int64_t>{inputs_->shape[0]})
    throw UserError(
        place,
        fmt::format("has the shape {} for inputs of {}", text_of(tensor->shape), text_of(inputs_->shape)),
        fmt::format("one number a sample: [{}]", inputs_->shape[0]));
  const auto bytes = file_.bytes(*tensor);
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor->shape[0]));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = integer_at(tensor->dtype, bytes, i);
  return values;
}

void TensorFile::check_labels() const {
  const std::string place = file_.path() + ":labels";
  std::vector<bool> seen;
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (labels_[i] < 0 || labels_[i] >= most_classes)
      throw UserError(place, fmt::format("is {} for sample {}", labels_[i], i),
                      fmt::format("classes are numbers from 0 to at most {}", most_classes - 1));
    const auto label = static_cast<std::size_t>(labels_[i]);
    if (label >= seen.size()) seen.resize(label + 1, false);
    seen[label] = true;
  }
  const auto absent = std::find(seen.begin(), seen.end(), false);
  if (absent != seen.end())
    throw UserError(place,
                    fmt::format("names no sample of class {}, but one of class {}", absent - seen.begin(),
                                seen.size() - 1),
                    "classes are numbered from 0 without gaps");
  if (seen.size() < 2) throw UserError(place, "is 0 for every sample: there is nothing to tell apart");
}

void TensorFile::read_class_names() {
  const std::size_t count = static_cast<std::size_t>(*std::max_element(labels_.begin(), labels_.end())) + 1;
  const auto found = file_.metadata().find("class_names");
  if (found == file_.metadata().end()) {
    for (std::size_t c = 0; c < count; ++c) class_names_.push_back(std::to_string(c));
    return;
  }
  const auto json = nlohmann::json::parse(found->second, nullptr, false);
  bool fits = json.is_array() && json.size() == count;
  for (std::size_t c = 0; fits && c < count; ++c) {
    fits = json[c].is_string();
    if (fits) class_names_.push_back(json[c].get<std::string>());
  }
  if (!fits)
    throw UserError(file_.path() + ":__metadata__/class_names",
                    fmt::format("is no JSON list of {} texts, the classes of its labels", count));
}

void TensorFile::check_inputs() const {
  const auto bytes = file_.bytes(*inputs_);
  const std::string place = file_.path() + ":inputs";
  const std::size_t count = bytes.size() / checkpoint::size_of(inputs_->dtype);
  for (std::size_t k = 0; k < count; ++k) {
    if (inputs_->dtype == DType::f32) {
      const auto value = number_at<float>(bytes, k);
      if (!std::isfinite(value))
        throw UserError(
            place,
            fmt::format("holds {} at place {} of sample {}", value, k % sample_size_, k / sample_size_),
            "every number must be finite");
    } else if (inputs_->dtype == DType::i32) {
      const auto value = number_at<std::int32_t>(bytes, k);
      if (value > largest_exact || value < -largest_exact)
        throw UserError(
            place,
            fmt::format("holds {} at place {} of sample {}", value, k % sample_size_, k / sample_size_),
            "whole numbers from -2^24 to 2^24 are read");
    }
  }
}

bool TensorFile::holds_integers() const { return inputs_->dtype != DType::f32; }

void TensorFile::read(std::size_t i, float* out) const {
  FRUGAL_ASSERT(i < size(), "a sample of the file");
  const auto bytes = file_.bytes(*inputs_);
  for (std::size_t k = 0; k < sample_size_; ++k) {
    const std::size_t at = i * sample_size_ + k;
    out[k] = inputs_->dtype == DType::f32 ? number_at<float>(bytes, at)
                                          : static_cast<float>(integer_at(inputs_->dtype, bytes, at));
  }
}

}  // namespace frugal::samples
