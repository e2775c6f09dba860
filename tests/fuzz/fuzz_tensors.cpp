// Tensor files of samples: a file in memory behind a path, since the reader maps files; what it accepts is
// opened in every split and read whole.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "samples/tensor_set.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const int descriptor = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  if (ftruncate(descriptor, static_cast<off_t>(size)) != 0) return 0;
  if (pwrite(descriptor, bytes, size, 0) != static_cast<ssize_t>(size)) return 0;
  samples::TensorChoice choice;
  choice.path = path;
  choice.validation = 0.2;
  for (const auto split : {samples::Split::train, samples::Split::validation, samples::Split::test}) {
    try {
      const samples::TensorSet set = samples::open_tensors(choice, split);
      std::vector<float> values(set.file->sample_size());
      for (std::size_t i = 0; i < set.places.size(); ++i) {
        FRUGAL_ASSERT(set.labels[i] >= 0 && set.labels[i] < static_cast<std::int64_t>(set.class_names.size()),
                      "a label is a class");
        set.file->read(set.places[i], values.data());
        for (const float value : values) FRUGAL_ASSERT(std::isfinite(value), "numbers are finite");
      }
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
