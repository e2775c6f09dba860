// safetensors.
#include "checkpoint/safetensors.h"
#include "fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return frugal::fuzz::read_tensors<frugal::checkpoint::SafetensorsFile>(bytes, size);
}
