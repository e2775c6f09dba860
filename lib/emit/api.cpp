#include "emit/api.h"

#include <fmt/format.h>

#include "device/runtime/frugal.h"
#include "ops/integer.h"

namespace frugal::emit {
namespace {

static_assert(OPS_RATE_BITS == FRUGAL_RATE_BITS);

constexpr const char* header_text =
    R"(/* A network that goes on learning: made by tinytrain-compile; do not edit.
 *
 * One sample at a time; no function allocates. predict and train_step share one arena, so that they are called
 * from one place of a program, never from an interrupt while the other runs (FRUGAL_BUSY).
 */
#ifndef FRUGAL_MODEL_H
#define FRUGAL_MODEL_H

#include "runtime/slots.h" /* the answers of the functions, flash, what a save cost */

#ifdef __cplusplus
extern "C" {{
#endif

#define FRUGAL_INPUT_BYTES {image_bytes} /* int8 [height][width][channels], or int32 tokens */
#define FRUGAL_CLASSES {classes}
#define FRUGAL_ARENA_BYTES {arena_bytes} /* SRAM for the numbers of a step */
#define FRUGAL_STATE_BYTES {state_bytes} /* SRAM for the trained numbers */
#define FRUGAL_INPUT_IN_ARENA 1 /* frugal_input() is there */
{no_float}{answer_macro}{replay_defined}
/* {rate_comment} */
typedef {rate_type} frugal_rate;
typedef {loss_type} frugal_loss;

extern const uint32_t frugal_network_id;

void frugal_init(void);              /* the numbers of a new device; call it first */
void frugal_reset_to_factory(void);  /* the same later on */
void* frugal_input(void);            /* where a sample may be written, to save its copy; used up by a call */

{declaration}{train_declaration}
/* The trained numbers and the step counter, one piece of SRAM. */
void frugal_state(void** bytes, size_t* size);

/* Into the older of two slots in flash, and back from the newest whole one (runtime/slots.h). `report` says
 * which pages that cost; it may be null. What cannot be restored leaves the numbers as they are, or, where
 * flash changed while it was read, those of a new device. */
int frugal_save(const frugal_flash* flash, frugal_slots_report* report);
int frugal_restore(const frugal_flash* flash, frugal_slots_report* report);

#ifdef __cplusplus
}}
#endif

#endif
)";

constexpr const char* code_text = R"(/* Made by tinytrain-compile; do not edit. */
#include "frugal_model.h"

#include <string.h>

#include "kernels/channels.h"
#include "kernels/integer.h"
#include "kernels/ops.h"
#include "kernels/replay.h"
#include "kernels/rows.h"

#define FRUGAL_ALIGNED _Alignas(8)
#ifdef __GNUC__
#define FRUGAL_SECTION(name) __attribute__((section(name)))
#else
#define FRUGAL_SECTION(name)
#endif

const uint32_t frugal_network_id = {network_id}u;

{arenas}static FRUGAL_ALIGNED uint8_t state[FRUGAL_STATE_BYTES]; /* steps so far (uint32), then the trained numbers */
static volatile uint8_t busy;

{tables}
static void infer(void) {{
{inference}}}
{training}{helper}
static void take(const void* input) {{
  if (input != (const void*)({image})) memcpy({image}, input, FRUGAL_INPUT_BYTES);
}}

void frugal_reset_to_factory(void) {{
{reset}}}

void frugal_init(void) {{
  busy = 0;
  frugal_reset_to_factory();
}}

void* frugal_input(void) {{ return {image}; }}

void frugal_state(void** bytes, size_t* size) {{
  *bytes = state;
  *size = sizeof state;
}}
{answer}
int frugal_save(const frugal_flash* flash, frugal_slots_report* report) {{
  if (busy) return FRUGAL_BUSY;
  return frugal_slots_save(flash, frugal_network_id, state, (uint32_t)sizeof state, report);
}}

int frugal_restore(const frugal_flash* flash, frugal_slots_report* report) {{
  if (busy) return FRUGAL_BUSY;
  const int answer = frugal_slots_restore(flash, frugal_network_id, state, (uint32_t)sizeof state, report);
  if (answer == FRUGAL_STORAGE_FAILED) frugal_reset_to_factory();
  return answer;
}}
{train_step})";

constexpr const char* training_text = R"(
static void forward(void) {{
{forward}}}

static void backward(void) {{
{backward}}}
)";

constexpr const char* train_step_text = R"(
/* What follows a forward pass. */
static int learn(frugal_rate rate, {learn_parameters}) {{
  frugal_loss value;
  memcpy(&value, {loss}, sizeof value);
{note}{check}  uint32_t steps;
  memcpy(&steps, state, sizeof steps);
{set_seed}{set_rate}  backward();
  ++steps;
  memcpy(state, &steps, sizeof steps);
  return FRUGAL_OK;
}}

int frugal_train_step({train_parameters}) {{
{check_label}  if (busy) return FRUGAL_BUSY;
  busy = 1;
  take(input);
{take_label}{keep}  forward();
  {answer} = learn(rate, {learn_arguments});
{replay}  busy = 0;
  return answer;
}}
)";

constexpr const char* finite_check =
    R"(  if (!(value < 3.0e38f && value > -3.0e38f)) return FRUGAL_NOT_FINITE;
)";

std::string set_seed(const ApiText& t) {
  if (t.seed_place.empty()) return "";
  return fmt::format(
      "  const uint32_t seed = ops_rounding_seed({}u, steps);\n  memcpy({}, &seed, sizeof seed);\n", t.seed,
      t.seed_place);
}

std::string set_rate(const ApiText& t) {
  if (!t.without_floats) return fmt::format("  memcpy({}, &rate, sizeof rate);\n", t.rate);
  return fmt::format(
      "  const ops_number number = ops_number_of_rate(rate);\n  memcpy({}, &number, sizeof number);\n",
      t.rate);
}

}  // namespace

std::string api_header(const ApiText& t) {
  return fmt::format(
      fmt::runtime(header_text), fmt::arg("image_bytes", t.image_bytes), fmt::arg("classes", t.classes),
      fmt::arg("arena_bytes", t.arena_bytes), fmt::arg("state_bytes", t.state_bytes),
      fmt::arg("rate_comment",
               t.without_floats ? fmt::format("A learning rate: {} bits behind the point. A loss: {} bits.",
                                              OPS_RATE_BITS, int{OPS_LOSS_BITS})
                                : "A learning rate, and a loss."),
      fmt::arg("no_float", t.without_floats ? "#define FRUGAL_NO_FLOAT 1\n" : ""),
      fmt::arg("rate_type", t.without_floats ? "int32_t" : "float"),
      fmt::arg("loss_type", t.without_floats ? "int32_t" : "float"), fmt::arg("answer_macro", t.answer.macro),
      fmt::arg("declaration", t.answer.declaration),
      fmt::arg("replay_defined", t.replay ? replay_macro(*t.replay) : ""),
      fmt::arg("train_declaration", t.rate.empty() ? std::string()
                                                   : t.answer.train_declaration +
                                                         (t.replay ? replay_declaration(*t.replay) : "")));
}

std::string api_code(const ApiText& t) {
  std::string training, train_step;
  if (!t.rate.empty()) {
    training = fmt::format(fmt::runtime(training_text), fmt::arg("forward", t.forward),
                           fmt::arg("backward", t.backward));
    if (t.replay) train_step = replay_code(*t.replay, t.label);
    train_step += fmt::format(
        fmt::runtime(train_step_text), fmt::arg("loss", t.loss),
        fmt::arg("train_parameters", t.answer.train_parameters),
        fmt::arg("check_label", t.answer.check_label), fmt::arg("take_label", t.answer.take_label),
        fmt::arg("learn_parameters", t.answer.learn_parameters),
        fmt::arg("learn_arguments", t.answer.learn_arguments), fmt::arg("note", t.answer.note),
        fmt::arg("check", t.without_floats ? "" : finite_check), fmt::arg("set_seed", set_seed(t)),
        fmt::arg("set_rate", set_rate(t)), fmt::arg("keep", t.replay ? "  front();\n  keep(label);\n" : ""),
        fmt::arg("answer", t.replay ? "int answer" : "const int answer"),
        fmt::arg("replay", t.replay ? replay_loop(*t.replay) : ""));
  }
  return fmt::format(
      fmt::runtime(code_text), fmt::arg("network_id", t.network_id), fmt::arg("tables", t.tables),
      fmt::arg("arenas", t.arenas), fmt::arg("inference", t.inference), fmt::arg("reset", t.reset),
      fmt::arg("training", training), fmt::arg("helper", t.answer.helper), fmt::arg("image", t.image),
      fmt::arg("answer", t.answer.code), fmt::arg("train_step", train_step));
}

}  // namespace frugal::emit
