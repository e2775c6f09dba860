// A file of named tensors, whatever its format: what stands in it, and the bytes of each (contiguous,
// little-endian).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace frugal::checkpoint {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t size_of(DType dtype);  // bytes of one element
const char* name_of(DType dtype);  // as in safetensors: "F32", "BF16", …
DType dtype_named(const std::string& name, const std::string& place);  // UserError with those that are read

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // byte offsets within the data part

  std::int64_t element_count() const;
};

class TensorFile {
 public:
  virtual ~TensorFile() = default;
  const std::string& path() const { return path_; }
  const std::vector<TensorInfo>& tensors() const { return tensors_; }  // by name
  const TensorInfo* find(const std::string& name) const;               // null where there is none
  const TensorInfo& at(const std::string& name) const;                 // UserError with the nearest name
  virtual std::span<const unsigned char> bytes(const TensorInfo& tensor) const = 0;
  // Its bytes are not needed now; they are read again when touched. Keeps memory small while a large file is
  // read through.
  virtual void release(const TensorInfo& tensor) const = 0;

 protected:
  explicit TensorFile(const std::string& path) : path_(path) {}
  void sort();  // by name; UserError where one stands twice

  std::string path_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace frugal::checkpoint
