// Hugging Face's safetensors: an 8-byte little-endian header length, a JSON header
// {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {text: text}}, then the bytes. Read by memory
// map (a tensor's bytes are only touched when used), written as a stream of tensors, aside and renamed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace frugal::checkpoint {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t size_of(DType dtype);  // bytes of one element
const char* name_of(DType dtype);  // as in the file: "F32", "BF16", …

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // byte offsets within the data part

  std::int64_t element_count() const;
};

using Metadata = std::map<std::string, std::string>;

class SafetensorsFile {
 public:
  // Checks the whole header (lengths, types, shapes against offsets, overlaps) before anything is read.
  // Throws UserError naming the file and the tensor.
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const { return path_; }
  const std::vector<TensorInfo>& tensors() const { return tensors_; }  // by name
  const Metadata& metadata() const { return metadata_; }
  const TensorInfo* find(const std::string& name) const;  // null where there is none
  const TensorInfo& at(const std::string& name) const;    // UserError with the nearest name
  std::span<const unsigned char> bytes(const TensorInfo& tensor) const;

 private:
  std::string path_;
  base::MappedFile file_;
  std::vector<TensorInfo> tensors_;
  Metadata metadata_;
  std::size_t data_start_ = 0;
};

// Writes tensors one by one in the order declared; nothing is at `path` before finish().
class SafetensorsWriter {
 public:
  struct Entry {
    std::string name;
    DType dtype;
    std::vector<std::int64_t> shape;
  };
  SafetensorsWriter(const std::string& path, const std::vector<Entry>& entries,
                    const Metadata& metadata = {});
  ~SafetensorsWriter();

  // The bytes of the next declared tensor (contiguous, little-endian), whole or in pieces.
  void append(const void* bytes, std::size_t count);
  void finish();

 private:
  base::AtomicFile file_;
  std::uint64_t expected_ = 0, written_ = 0;
};

}  // namespace frugal::checkpoint
