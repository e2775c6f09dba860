/* Start of RV32IMC on QEMU's board virt, with the code in its flash and no more memory than the user has
 * (-m): what lies outside of it does not exist there and traps. */
#include "device/boards/board.h"
#include "device/runtime/port.h"

void frugal_begin(void) __attribute__((noreturn, used));
void frugal_explain_fault(uint32_t cause, uint32_t address) __attribute__((noreturn, used));

__asm__(
    ".section .start, \"ax\"\n"
    ".option arch, +zicsr\n"
    ".global frugal_reset\n"
    "frugal_reset:\n"
    "  la sp, frugal_stack_top\n"
    "  la t0, frugal_fault\n"
    "  csrw mtvec, t0\n"
    "  j frugal_begin\n"
    ".balign 4\n"
    "frugal_fault:\n" /* the stack may be what is broken: a new one */
    "  csrr a0, mcause\n"
    "  csrr a1, mtval\n"
    "  la sp, frugal_stack_top\n"
    "  j frugal_explain_fault\n"
    ".text\n");

void frugal_begin(void) {
  uint32_t* now;
  __asm__ volatile("mv %0, sp" : "=r"(now));
  frugal_fill_memory(now);
  frugal_protect_memory();
  frugal_start_counter();
  frugal_run_main();
}

/* Behind the end of memory the board has nothing and traps by itself. Before it lies PCI's window, 1 GB,
 * which swallows writes: a locked entry of the physical memory protection forbids it, to this mode too. */
void frugal_protect_memory(void) {
  const uint32_t from = 0x40000000u, bytes = 0x40000000u;
  __asm__ volatile(".option push\n.option arch, +zicsr\ncsrw pmpaddr0, %0\ncsrw pmpcfg0, %1\n.option pop"
                   :
                   : "r"((from >> 2) | ((bytes >> 3) - 1u)),
                     "r"(0x98u /* locked, power of two, nothing allowed */));
}
void frugal_start_counter(void) {}

void frugal_explain_fault(uint32_t cause, uint32_t address) {
  const uint32_t limit = (uint32_t)(uintptr_t)frugal_stack_limit;
  if (cause >= 4 && cause <= 7) {
    if (address < limit && limit - address <= 65536u)
      frugal_report_fault("the stack is larger than its place, or a write below memory,", address);
    frugal_report_fault("memory that is not there was used", address);
  }
  frugal_report_fault("an instruction that cannot be carried out", address);
}

uint64_t frugal_port_instructions(void) {
  uint32_t high, low, again;
  do {
    __asm__ volatile(
        ".option push\n.option arch, +zicsr\n"
        "csrr %0, minstreth\ncsrr %1, minstret\ncsrr %2, minstreth\n.option pop"
        : "=&r"(high), "=&r"(low), "=&r"(again));
  } while (high != again);
  return ((uint64_t)high << 32) | low;
}
