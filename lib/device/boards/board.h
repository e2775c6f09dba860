/* What the parts of a board share: places that the linker script names, and what is done on a fault. */
#ifndef FRUGAL_BOARDS_BOARD_H
#define FRUGAL_BOARDS_BOARD_H

#include <stdint.h>

/* Only their addresses mean something. Memory: the stack, which grows down, then variables, then the rest. */
extern uint32_t frugal_ram_start[], frugal_ram_end[];
extern uint32_t frugal_stack_limit[], frugal_stack_top[];
extern uint32_t frugal_data_start[], frugal_data_end[], frugal_data_load[];
extern uint32_t frugal_bss_start[], frugal_bss_end[];
extern uint32_t frugal_flash_start[], frugal_flash_end[], frugal_flash_limit[];

#define FRUGAL_PAINT 0xa5a5a5a5u

/* Variables as the program wants them, the stack painted from its limit to just below `now`: in place, since
 * a call would paint over its own return. */
__attribute__((always_inline)) static inline void frugal_fill_memory(uint32_t* now) {
  const uint32_t* from = frugal_data_load;
  for (uint32_t* to = frugal_data_start; to < frugal_data_end; ++to) *to = *from++;
  for (uint32_t* to = frugal_bss_start; to < frugal_bss_end; ++to) *to = 0;
  /* volatile: a call of memset would paint over its own stack. */
  for (volatile uint32_t* to = frugal_stack_limit; to < now; ++to) *to = FRUGAL_PAINT;
}

void frugal_start_counter(void);
void frugal_protect_memory(void); /* traps what lies outside of the memory above */

/* Ends the emulator with this exit code. */
void frugal_exit(int code) __attribute__((noreturn));
/* Prints what went wrong where, and ends with exit code 3. */
void frugal_report_fault(const char* what, uint32_t address) __attribute__((noreturn));

/* The emulator's command line as arguments, then main, then the end. */
void frugal_run_main(void) __attribute__((noreturn));

#endif
