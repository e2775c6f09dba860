/* Start of a Cortex-M3, M4, M7 or M55: vectors, floating point on, memory filled, faults that say what they
 * are. The processor takes the stack and the first instruction from the vectors. */
#include "device/boards/board.h"

#define REGISTER(address) (*(volatile uint32_t*)(uintptr_t)(address))
#define SCB_SHCSR REGISTER(0xe000ed24u)
#define SCB_CFSR REGISTER(0xe000ed28u)
#define SCB_HFSR REGISTER(0xe000ed2cu)
#define SCB_MMFAR REGISTER(0xe000ed34u)
#define SCB_BFAR REGISTER(0xe000ed38u)

void frugal_reset(void);
void frugal_fault(void);
void frugal_tick(void); /* of the counter, where it needs one */
void frugal_begin(void) __attribute__((noreturn, used));
void frugal_explain_fault(uint32_t pc) __attribute__((noreturn, used));

typedef void (*vector)(void);
__attribute__((section(".vectors"), used)) static const struct {
  uint32_t* stack;
  vector handlers[15];
} vectors = {frugal_stack_top,
             {frugal_reset, frugal_fault, frugal_fault, frugal_fault, frugal_fault, frugal_fault,
              frugal_fault, 0, 0, 0, frugal_fault, frugal_fault, 0, frugal_fault, frugal_tick}};

/* Floating point (and MVE) must be on before compiled code may use it. */
__attribute__((naked)) void frugal_reset(void) {
  __asm__ volatile(
      "ldr r0, =0xe000ed88\n"
      "ldr r1, [r0]\n"
      "orr r1, r1, #0xf00000\n"
      "str r1, [r0]\n"
      "dsb\n"
      "isb\n"
      "b frugal_begin\n"
      ".ltorg");
}

void frugal_begin(void) {
  uint32_t* now;
  __asm__ volatile("mov %0, sp" : "=r"(now));
  frugal_fill_memory(now);
#if __ARM_ARCH >= 8
  __asm__ volatile("msr msplim, %0" : : "r"(frugal_stack_limit));
#endif
  SCB_SHCSR |= 7u << 16; /* faults of memory, bus and usage have handlers of their own */
  frugal_protect_memory();
  frugal_start_counter();
  frugal_run_main();
}

/* The stack may be what is broken: the handler begins a new one. r0: where it happened, if that can be read.
 */
__attribute__((naked)) void frugal_fault(void) {
  __asm__ volatile(
      "mov r0, sp\n"
      "ldr r1, =frugal_stack_limit\n"
      "ldr r2, =frugal_stack_top\n"
      "mov sp, r2\n"
      "cmp r0, r1\n"
      "bls 1f\n"
      "ldr r0, [r0, #24]\n"
      "b frugal_explain_fault\n"
      "1: mov r0, #0\n"
      "b frugal_explain_fault\n"
      ".ltorg");
}

void frugal_explain_fault(uint32_t pc) {
  const uint32_t status = SCB_CFSR;
  if (status & ((1u << 4) | (1u << 12) | (1u << 20)))
    frugal_report_fault("the stack is larger than its place, which ends",
                        (uint32_t)(uintptr_t)frugal_stack_limit);
  if (status & (1u << 7)) {
    const uint32_t address = SCB_MMFAR;
    const uint32_t limit = (uint32_t)(uintptr_t)frugal_stack_limit;
    if (address < limit && limit - address <= 65536u)
      frugal_report_fault("the stack is larger than its place, or a write below memory,", address);
    frugal_report_fault("memory that is not there was used", address);
  }
  if (status & (1u << 15)) frugal_report_fault("memory that is not there was used", SCB_BFAR);
  if (status & 0x101u) frugal_report_fault("code was to run where there is none", pc);
  if (status & 0xffff0000u) frugal_report_fault("an instruction that cannot be carried out", pc);
  frugal_report_fault("a fault without a reason", pc);
}
