/* Instructions of each call of the generated network (frugal.h): empty unless FRUGAL_PROFILE is defined. */
#include "device/runtime/profile.h"

#include "device/runtime/frugal.h"
#include "device/runtime/port.h"
#include "device/runtime/text.h"

#ifdef FRUGAL_PROFILE
static uint64_t counted[FRUGAL_MARKS];
static uint64_t before;

void frugal_mark(uint32_t call) {
  const uint64_t now = frugal_port_instructions();
  if (call < FRUGAL_MARKS) counted[call] += now - before;
  before = now;
}

void frugal_profile_begin(void) { before = frugal_port_instructions(); }

void frugal_profile_print(void) {
  for (uint32_t call = 0; call < FRUGAL_MARKS; ++call) {
    if (counted[call] == 0) continue;
    frugal_port_print("call ");
    frugal_print_decimal((int64_t)call);
    frugal_port_print(" ");
    frugal_print_decimal((int64_t)counted[call]);
    frugal_port_print("\n");
  }
}
#else
void frugal_profile_begin(void) {}
void frugal_profile_print(void) {}
#endif
