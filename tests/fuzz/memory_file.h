// Input of a fuzzer as a file behind a path, for readers that map files.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "checkpoint/tensor_file.h"

namespace frugal::fuzz {

// The path of a file in memory that holds these bytes; null where it could not be written.
inline const std::string* memory_file(const std::uint8_t* bytes, std::size_t size) {
  static const int descriptor = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  if (ftruncate(descriptor, static_cast<off_t>(size)) != 0) return nullptr;
  if (pwrite(descriptor, bytes, size, 0) != static_cast<ssize_t>(size)) return nullptr;
  return &path;
}

// What a reader of tensors accepts is read whole.
template <class File>
int read_tensors(const std::uint8_t* bytes, std::size_t size) {
  const std::string* path = memory_file(bytes, size);
  if (path == nullptr) return 0;
  try {
    const File file(*path);
    unsigned sum = 0;
    for (const checkpoint::TensorInfo& tensor : file.tensors()) {
      const auto span = file.bytes(tensor);
      const auto elements = static_cast<std::size_t>(tensor.element_count());
      FRUGAL_ASSERT(span.size() == elements * checkpoint::size_of(tensor.dtype),
                    "bytes are those of the shape");
      for (unsigned char value : span) sum += value;
      FRUGAL_ASSERT(file.find(tensor.name) != nullptr, "a listed tensor is found");
    }
    volatile unsigned kept = sum;
    (void)kept;
  } catch (const base::UserError&) {
  }
  return 0;
}

}  // namespace frugal::fuzz
