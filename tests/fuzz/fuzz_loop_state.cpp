// The state of a training loop, as a checkpoint holds it: any text gives one that is written and read as the
// same, or a UserError.

#include "base/error.h"
#include "train/run/loop_state.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  train::LoopState expected;
  expected.config_hash = "a";
  expected.seed = 7;
  try {
    const train::LoopState state =
        train::read_loop_state({reinterpret_cast<const char*>(bytes), size}, "checkpoint", expected);
    const std::string text = train::to_text(state);
    FRUGAL_ASSERT(train::to_text(train::read_loop_state(text, "again", expected)) == text,
                  "one state, one text");
    FRUGAL_ASSERT(state.step >= 0 && state.examples_seen >= 0 && state.world == 1, "counts of this run");
  } catch (const base::UserError&) {
  }
  return 0;
}
