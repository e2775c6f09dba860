/* Start-up of QEMU's boards (mps2-an385/386/500 and mps3-an547 of Arm, virt of RISC-V) and of the host. */
#include "board.h"

#include <stddef.h>

#if defined(__arm__) || (defined(__riscv) && __riscv_xlen == 32)

extern uint32_t data_from[], data_start[], data_end[], bss_start[], bss_end[], stack_end[];
void board_start(void);

void board_start(void) {
  for (uint32_t *to = data_start, *from = data_from; to < data_end;) *to++ = *from++;
  for (uint32_t* to = bss_start; to < bss_end;) *to++ = 0;
  board_exit(board_main());
}

#if defined(__arm__)

extern uint32_t stack_end[];
void board_reset(void);
void board_fault(void);

static volatile uint32_t* at(uint32_t address) { return (volatile uint32_t*)address; }

static uint32_t semihost(uint32_t operation, const void* argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void board_print(const char* text) { semihost(4, text); }

void board_exit(int status) {
  semihost(0x18, (const void*)(status == 0 ? 0x20026u : 0x20023u));
  for (;;) {
  }
}

void board_fault(void) {
  board_print("fault\n");
  board_exit(1);
}

/* SysTick where the board's timer does not run (mps3-an547). */
void board_reset(void) {
  *at(0xE000ED88u) |= 0xFu << 20; /* the floating-point unit on, where there is one */
  __asm__ volatile("dsb\n\tisb");
#if defined(BOARD_SYSTICK)
  *at(0xE000E014u) = 0xFFFFFFu;
  *at(0xE000E018u) = 0;
  *at(0xE000E010u) = 5;
#else
  *at(0x40000004u) = 0xFFFFFFFFu;
  *at(0x40000008u) = 0xFFFFFFFFu;
  *at(0x40000000u) = 1;
#endif
  board_start();
}

/* A count of SysTick holds 24 bits: ask at least every 500 million instructions. */
uint64_t board_hundredths(void) {
#if defined(BOARD_SYSTICK)
  static uint32_t last = 0xFFFFFFu;
  static uint64_t ticks;
  const uint32_t now = *at(0xE000E018u);
  ticks += (last - now) & 0xFFFFFFu;
  last = now;
  return ticks * 3125u;
#else
  return (uint64_t)(0xFFFFFFFFu - *at(0x40000004u)) * 4000u;
#endif
}

typedef void handler(void);
__attribute__((used, section(".vectors"))) static const struct {
  void* stack;
  handler* handlers[15];
} vectors = {
    stack_end,
    {board_reset, board_fault, board_fault, board_fault, board_fault, board_fault, board_fault, board_fault,
     board_fault, board_fault, board_fault, board_fault, board_fault, board_fault, board_fault}};

#else

void board_reset(void);
void* memcpy(void* restrict to, const void* restrict from, size_t bytes);
void* memset(void* to, int value, size_t bytes);

/* What compilers call: there is no C library on this board. */
void* memcpy(void* restrict to, const void* restrict from, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) ((volatile uint8_t*)to)[i] = ((const uint8_t*)from)[i];
  return to;
}

void* memset(void* to, int value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) ((volatile uint8_t*)to)[i] = (uint8_t)value;
  return to;
}

static uint32_t semihost(uint32_t operation, const void* argument) {
  register uint32_t a0 __asm__("a0") = operation;
  register const void* a1 __asm__("a1") = argument;
  __asm__ volatile(
      ".option push\n\t.option norvc\n\t.balign 16\n\tslli x0, x0, 0x1f\n\tebreak\n\tsrai x0, x0, "
      "7\n\t.option pop"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
  return a0;
}

void board_print(const char* text) { semihost(4, text); }

void board_exit(int status) {
  semihost(0x18, (const void*)(status == 0 ? 0x20026u : 0x20023u));
  for (;;) {
  }
}

__attribute__((naked, section(".vectors"))) void board_reset(void) {
  __asm__ volatile("la sp, stack_end\n\tj board_start");
}

uint64_t board_hundredths(void) {
  uint32_t high, low, again;
  do {
    __asm__ volatile("csrr %0, minstreth\n\tcsrr %1, minstret\n\tcsrr %2, minstreth"
                     : "=r"(high), "=r"(low), "=r"(again));
  } while (high != again);
  return (((uint64_t)high << 32) | low) * 100u;
}

#endif

#else

#include <stdio.h>
#include <stdlib.h>

void board_print(const char* text) { fputs(text, stdout); }
void board_exit(int status) { exit(status); }
uint64_t board_hundredths(void) { return 0; }
int main(void) { return board_main(); }

#endif

void board_print_number(uint32_t value) {
  char digits[11];
  char* at_digit = digits + 10;
  *at_digit = 0;
  do {
    *--at_digit = (char)('0' + value % 10u);
    value /= 10u;
  } while (value != 0);
  board_print(at_digit);
}

void board_print_hex(uint32_t value) {
  char digits[9];
  for (uint32_t i = 0; i < 8; ++i) digits[i] = "0123456789abcdef"[(value >> (28u - 4u * i)) & 15u];
  digits[8] = 0;
  board_print(digits);
}
