// PyTorch's files of tensors: a file in memory behind a path, since the reader maps files; what it accepts is
// read whole.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/error.h"
#include "checkpoint/state_dict.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const int descriptor = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  if (ftruncate(descriptor, static_cast<off_t>(size)) != 0) return 0;
  if (pwrite(descriptor, bytes, size, 0) != static_cast<ssize_t>(size)) return 0;
  try {
    const checkpoint::StateDictFile file(path);
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
