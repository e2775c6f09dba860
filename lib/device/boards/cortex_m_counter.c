/* Instructions executed, on QEMU's boards with `-icount shift=0`, where an instruction takes one nanosecond.
 * mps2: timer 0 of the CMSDK counts at 25 MHz. mps3-an547, where that timer reads 0: SysTick at 32 MHz, 24
 * bits, with an interrupt at each round. (DWT CYCCNT reads 0 on all.) */
#include "device/boards/board.h"
#include "device/runtime/port.h"

#define REGISTER(address) (*(volatile uint32_t*)(uintptr_t)(address))

void frugal_tick(void);

#if __ARM_ARCH >= 8
#define SYST_CSR REGISTER(0xe000e010u)
#define SYST_RVR REGISTER(0xe000e014u)
#define SYST_CVR REGISTER(0xe000e018u)

static volatile uint32_t rounds;

void frugal_tick(void) { rounds = rounds + 1; }

void frugal_start_counter(void) {
  SYST_RVR = 0xffffffu;
  SYST_CVR = 0;
  SYST_CSR = 7;
}

uint64_t frugal_port_instructions(void) {
  uint32_t before, value;
  do {
    before = rounds;
    value = SYST_CVR;
  } while (before != rounds);
  const uint64_t ticks = ((uint64_t)before << 24) + (0xffffffu - value);
  return ticks * 125u / 4u; /* 31.25 a tick */
}
#else
#define TIMER_CONTROL REGISTER(0x40000000u)
#define TIMER_VALUE REGISTER(0x40000004u)
#define TIMER_RELOAD REGISTER(0x40000008u)

void frugal_tick(void) {}

void frugal_start_counter(void) {
  TIMER_RELOAD = 0xffffffffu;
  TIMER_VALUE = 0xffffffffu;
  TIMER_CONTROL = 1;
}

/* Goes round after 2^32 ticks: 171 billion instructions. */
uint64_t frugal_port_instructions(void) {
  static uint32_t last;
  static uint64_t rounds;
  const uint32_t ticks = 0xffffffffu - TIMER_VALUE;
  if (ticks < last) rounds += UINT64_C(1) << 32;
  last = ticks;
  return (rounds + ticks) * 40u;
}
#endif
