// The index of a sharded model: what is accepted names files of the folder alone.
#include <string>

#include "base/error.h"
#include "checkpoint/sharded.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const auto map = checkpoint::parse_index({reinterpret_cast<const char*>(bytes), size}, "index.json");
    FRUGAL_ASSERT(!map.empty(), "an index that names nothing is refused");
    for (const auto& [tensor, file] : map) {
      FRUGAL_ASSERT(!file.empty() && file.find('/') == std::string::npos, "a file of the folder");
    }
  } catch (const base::UserError&) {
  }
  return 0;
}
