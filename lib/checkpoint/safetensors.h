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
#include "checkpoint/tensor_file.h"

namespace frugal::checkpoint {

using Metadata = std::map<std::string, std::string>;

class SafetensorsFile : public TensorFile {
 public:
  // Checks the whole header (lengths, types, shapes against offsets, overlaps) before anything is read.
  // Throws UserError naming the file and the tensor.
  explicit SafetensorsFile(const std::string& path);

  const Metadata& metadata() const { return metadata_; }
  std::span<const unsigned char> bytes(const TensorInfo& tensor) const override;
  void release(const TensorInfo& tensor) const override;

 private:
  base::MappedFile file_;
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
  // Room for the bytes of the next tensor: put() fills it before finish(), in any order and from any thread.
  std::uint64_t reserve(std::uint64_t count);
  void put(std::uint64_t place, const void* bytes, std::size_t count);
  void finish();

 private:
  base::AtomicFile file_;
  std::uint64_t header_ = 0, expected_ = 0, written_ = 0;
};

}  // namespace frugal::checkpoint
