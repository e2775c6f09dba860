// What a device prints while it learns: any lines give answers with numbers, or are refused as lines of no
// such program.
#include <sstream>

#include "base/error.h"
#include "emulate/output.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::size_t told = 0;
  emulate::OutputReader reader([&](const emulate::Answer& answer) {
    ++told;
    FRUGAL_ASSERT(!(answer.learn && answer.remember), "one of them");
  });
  std::istringstream lines(std::string(reinterpret_cast<const char*>(bytes), size));
  for (std::string line; std::getline(lines, line);) {
    try {
      reader.take(line);
    } catch (const base::Failure&) {
    }
  }
  FRUGAL_ASSERT(reader.output().answers.size() == told, "each answer is told of");
  return 0;
}
