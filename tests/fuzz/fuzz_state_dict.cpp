// PyTorch's files of tensors.
#include "checkpoint/state_dict.h"
#include "fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return frugal::fuzz::read_tensors<frugal::checkpoint::StateDictFile>(bytes, size);
}
