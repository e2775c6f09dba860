/* A perceptron: a weight grows towards inputs of its class and away from those that were taken for it. The
 * loss is the margin by which the label was missed. */
#include "frugal_model.h"

#include "runtime/slots.h"

const uint32_t frugal_network_id = 0x11223344u;

static struct {
  int32_t weight[FRUGAL_CLASSES][FRUGAL_INPUT_BYTES];
  uint32_t steps;
} state;

void frugal_init(void) {
  for (int c = 0; c < FRUGAL_CLASSES; ++c)
    for (int i = 0; i < FRUGAL_INPUT_BYTES; ++i) state.weight[c][i] = 0;
  state.steps = 0;
}

#ifdef LINEAR_DEEP
/* More stack than there is. */
static int32_t deep(volatile int32_t* above, int32_t left) {
  volatile int32_t own[16] = {left, *above};
  return left == 0 ? own[1] : deep(own, left - 1) + own[0];
}
#endif

static int32_t score(const int8_t* x, int c) {
  int32_t sum = 0;
  for (int i = 0; i < FRUGAL_INPUT_BYTES; ++i) sum += state.weight[c][i] * x[i];
  return sum;
}

int frugal_predict(const void* input, int32_t* class_out) {
  const int8_t* x = (const int8_t*)input;
  *class_out = 0;
  for (int c = 1; c < FRUGAL_CLASSES; ++c)
    if (score(x, c) > score(x, *class_out)) *class_out = c;
  FRUGAL_MARK(0);
#ifdef LINEAR_DEEP
  volatile int32_t one = 1;
  *class_out = deep(&one, 1000) & 1;
#endif
#ifdef LINEAR_OUTSIDE
  /* A word from the end of memory on: the last one that is there is -1. */
  extern uint32_t frugal_ram_end[];
  *(volatile uint32_t*)((uintptr_t)frugal_ram_end + 4u * (uintptr_t)(LINEAR_OUTSIDE)) = 1;
#endif
#ifdef LINEAR_WILD
  *(volatile uint32_t*)(uintptr_t)0x9000000u = 1;
#endif
  return FRUGAL_OK;
}

int frugal_train_step(const void* input, int32_t label, linear_number rate, linear_number* loss,
                      int32_t* predicted) {
  const int8_t* x = (const int8_t*)input;
  if (label < 0 || label >= FRUGAL_CLASSES) return FRUGAL_BAD_LABEL;
  frugal_predict(input, predicted);
  *loss = (linear_number)(score(x, *predicted) - score(x, label));
  for (int i = 0; i < FRUGAL_INPUT_BYTES && rate > 0; ++i) {
    state.weight[*predicted][i] -= x[i];
    state.weight[label][i] += x[i];
  }
  ++state.steps;
  FRUGAL_MARK(1);
  return FRUGAL_OK;
}

void frugal_state(void** bytes, size_t* size) {
  *bytes = &state;
  *size = sizeof(state);
}

int frugal_save(const frugal_flash* flash, frugal_slots_report* report) {
  return frugal_slots_save(flash, frugal_network_id, &state, (uint32_t)sizeof(state), report);
}

int frugal_restore(const frugal_flash* flash) {
  return frugal_slots_restore(flash, frugal_network_id, &state, (uint32_t)sizeof(state), NULL);
}
