// The checkpoint of an adaptation: any bytes give a state that is saved again as it was, or a UserError.

#include <nlohmann/json.hpp>

#include "adapt/checkpoint.h"
#include "base/error.h"
#include "fuzz/memory_file.h"
#include "support/plain_learner.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string* path = fuzz::memory_file(bytes, size);
  if (path == nullptr) return 0;
  try {
    test::PlainLearner learner;
    const adapt::Progress progress = adapt::load_checkpoint(*path, "run", learner);
    FRUGAL_ASSERT(progress.step >= 0, "steps are counted from 0");
    adapt::curve_json(progress.curve).dump();
    quant::ReplayBuffer& buffer = learner.memory()->buffer();
    const std::vector<std::int8_t> activation(6, 1);
    for (const std::int32_t label : {0, 2}) buffer.offer(activation, label);
    for (const std::size_t i : buffer.draw(4, progress.step))
      FRUGAL_ASSERT(buffer.activation(i).size() == 6 && buffer.label(i) < 3, "an example of this run");
  } catch (const base::UserError&) {
  }
  return 0;
}
