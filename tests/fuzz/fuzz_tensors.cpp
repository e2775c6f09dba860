// Tensor files of samples: a file in memory behind a path, since the reader maps files; what it accepts is
// opened in every split and read whole.

#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "fuzz/memory_file.h"
#include "samples/tensor_set.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string* path = fuzz::memory_file(bytes, size);
  if (path == nullptr) return 0;
  samples::TensorChoice choice;
  choice.path = *path;
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
