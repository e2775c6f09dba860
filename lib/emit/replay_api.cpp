#include "emit/replay_api.h"

#include <fmt/format.h>

namespace frugal::emit {
namespace {

constexpr const char* macro_text =
    "#define FRUGAL_REPLAY_BYTES {} /* of the trained numbers' SRAM: {} old examples, and what was seen */\n";

constexpr const char* declaration_text =
    R"(/* Takes a sample into the buffer of old examples, or not (kernels/replay.h), and learns nothing. A training
 * step does so with its own sample, and then learns {} examples out of the buffer, each as a step. */
int frugal_remember(const void* input, int32_t label);
)";

constexpr const char* keep_text = R"(
/* What comes before the value that is kept of old examples. */
static void front(void) {{
{front}}}

static const ops_replay replay = {{UINT64_C({seed}), {capacity}, {example_bytes}, {classes}}};
static uint8_t* const kept = {buffer};

static void keep(int32_t label) {{ ops_replay_offer(&replay, kept, (const int8_t*)({value}), label); }}

/* The forward pass of an old example. */
static void forward_again(void) {{
  uint32_t steps;
  memcpy(&steps, state, sizeof steps);
  const int32_t place = ops_replay_draw(&replay, kept, steps);
  const int32_t label = ops_replay_label(&replay, kept, place);
  memcpy({label}, &label, sizeof label);
  memcpy({value}, ops_replay_example(&replay, kept, place), {example_bytes});
  forward();
}}

int frugal_remember(const void* input, int32_t label) {{
  if (label < 0 || label >= FRUGAL_CLASSES) return FRUGAL_BAD_LABEL;
  if (busy) return FRUGAL_BUSY;
  busy = 1;
  take(input);
  front();
  keep(label);
  busy = 0;
  return FRUGAL_OK;
}}
)";

constexpr const char* loop_text = R"(  for (int32_t i = 0; i < {}; ++i) {{
    if (answer != FRUGAL_OK) break;
    forward_again();
    answer = learn(rate, NULL, NULL);
  }}
)";

}  // namespace

std::string replay_macro(const ReplayText& r) {
  return fmt::format(fmt::runtime(macro_text), ops_replay_bytes(&r.how), r.how.capacity);
}

std::string replay_declaration(const ReplayText& r) {
  return fmt::format(fmt::runtime(declaration_text), r.ratio);
}

std::string replay_code(const ReplayText& r, const std::string& label) {
  return fmt::format(fmt::runtime(keep_text), fmt::arg("front", r.front), fmt::arg("seed", r.how.seed),
                     fmt::arg("capacity", r.how.capacity), fmt::arg("example_bytes", r.how.example_bytes),
                     fmt::arg("classes", r.how.classes), fmt::arg("buffer", r.buffer),
                     fmt::arg("value", r.value), fmt::arg("label", label));
}

std::string replay_loop(const ReplayText& r) { return fmt::format(fmt::runtime(loop_text), r.ratio); }

}  // namespace frugal::emit
