#include "checkpoint/tensor_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::checkpoint {
namespace {

using base::UserError;

struct TypeName {
  DType dtype;
  const char* name;
  std::size_t size;
};
constexpr TypeName types[] = {{DType::f64, "F64", 8},     {DType::f32, "F32", 4}, {DType::f16, "F16", 2},
                              {DType::bf16, "BF16", 2},   {DType::i64, "I64", 8}, {DType::i32, "I32", 4},
                              {DType::i16, "I16", 2},     {DType::i8, "I8", 1},   {DType::u8, "U8", 1},
                              {DType::boolean, "BOOL", 1}};

const TypeName& type_of(DType dtype) {
  for (const TypeName& type : types) {
    if (type.dtype == dtype) return type;
  }
  FRUGAL_ASSERT(false, "a DType without a name");
  return types[0];
}

}  // namespace

std::size_t size_of(DType dtype) { return type_of(dtype).size; }
const char* name_of(DType dtype) { return type_of(dtype).name; }

DType dtype_named(const std::string& name, const std::string& place) {
  std::vector<std::string> known;
  for (const TypeName& type : types) {
    if (name == type.name) return type.dtype;
    known.emplace_back(type.name);
  }
  throw UserError(place, fmt::format("has the data type '{}', which is not read here", name),
                  fmt::format("convert it to one of: {}", fmt::join(known, ", ")));
}

std::int64_t TensorInfo::element_count() const {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

void TensorFile::sort() {
  std::sort(tensors_.begin(), tensors_.end(),
            [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; });
  for (std::size_t i = 1; i < tensors_.size(); ++i) {
    if (tensors_[i].name == tensors_[i - 1].name)
      throw UserError(path_ + ":" + tensors_[i].name, "stands twice");
  }
}

const TensorInfo* TensorFile::find(const std::string& name) const {
  const auto found = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                      [](const TensorInfo& a, const std::string& b) { return a.name < b; });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

const TensorInfo& TensorFile::at(const std::string& name) const {
  if (const TensorInfo* tensor = find(name)) return *tensor;
  std::vector<std::string> names;
  for (const TensorInfo& tensor : tensors_) names.push_back(tensor.name);
  if (names.size() > 400) names.resize(400);
  std::string hint = base::suggest(name, names);
  if (hint.starts_with("one of")) hint = fmt::format("the file has {} tensors", tensors_.size());
  throw UserError(path_, fmt::format("has no tensor '{}'", name), hint);
}

}  // namespace frugal::checkpoint
