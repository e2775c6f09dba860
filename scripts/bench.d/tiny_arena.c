/* How far a training step reaches into the arena: it is painted, twice, with bytes that differ, and what is
 * still the paint afterwards was not touched. Stands where example.c does in a compiled folder, built with
 * -DINPUT_AT=(where in the arena frugal_input() is) (scripts/tiny_device). Prints the end of what was
 * touched, how much of it was, and the stack that it took. */
#include <string.h>

#include "frugal_model.h"
#include "runtime/port.h"
#include "runtime/text.h"

static uint8_t sample[FRUGAL_INPUT_BYTES];
static uint8_t touched[FRUGAL_ARENA_BYTES];

static int learn(uint8_t paint) {
  uint8_t* arena = (uint8_t*)frugal_input() - INPUT_AT;
  memset(arena, paint, FRUGAL_ARENA_BYTES);
  frugal_init();
  if (frugal_train_step(sample, 1, (frugal_rate)0.01f, 0, 0) != FRUGAL_OK) return 1;
  for (uint32_t i = 0; i < FRUGAL_ARENA_BYTES; ++i) touched[i] |= arena[i] != paint;
  return 0;
}

static void print(const char* what, uint32_t number) {
  frugal_port_print(what);
  frugal_port_print(" ");
  frugal_print_decimal(number);
  frugal_port_print("\n");
}

int main(void) {
  uint32_t random = 1, end = 0, count = 0;
  for (uint32_t i = 0; i < FRUGAL_INPUT_BYTES; ++i) {
    random = random * 1664525u + 1013904223u;
    sample[i] = (uint8_t)(random >> 24);
  }
  if (learn(0xA5) || learn(0x5A)) return 1;
  for (uint32_t i = 0; i < FRUGAL_ARENA_BYTES; ++i) {
    if (touched[i]) end = i + 1;
    count += touched[i];
  }
  frugal_memory memory;
  frugal_port_memory(&memory);
  print("end", end);
  print("touched", count);
  print("stack", memory.stack_used);
  return 0;
}
