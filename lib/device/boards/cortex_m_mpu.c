/* The memory protection unit lets code run from flash, and memory be used from the stack's limit to the end
 * of the user's SRAM; anything else is trapped. The emulated boards have more memory than that and would say
 * nothing. */
#include "device/boards/board.h"

#define REGISTER(address) (*(volatile uint32_t*)(uintptr_t)(address))
#define MPU_CTRL REGISTER(0xe000ed94u)
#define MPU_RNR REGISTER(0xe000ed98u)
#define MPU_RBAR REGISTER(0xe000ed9cu)

static uint32_t regions;

#if __ARM_ARCH >= 8
#define MPU_RLAR REGISTER(0xe000eda0u)
#define MPU_MAIR0 REGISTER(0xe000edc0u)
enum { can_read = 3u << 1, can_write = 1u << 1, no_code = 1u }; /* of RBAR, any privilege */

/* Whole pieces of 32 bytes. memory: 0 usual, 1 a device. */
static void region(uint32_t from, uint32_t to, uint32_t access, uint32_t memory) {
  MPU_RNR = regions++;
  MPU_RBAR = (from & ~31u) | access;
  MPU_RLAR = ((to - 1u) & ~31u) | (memory << 1) | 1u;
}

void frugal_protect_memory(void) {
  MPU_MAIR0 = 0x0044u;         /* 0: normal memory, not cached; 1: a device */
  region(0, 512, can_read, 0); /* the vectors */
  region((uint32_t)(uintptr_t)frugal_flash_start, (uint32_t)(uintptr_t)frugal_flash_limit, can_read, 0);
  region((uint32_t)(uintptr_t)frugal_ram_start, (uint32_t)(uintptr_t)frugal_ram_end, can_write | no_code, 0);
  region(0x40000000u, 0x60000000u, can_write | no_code, 1);
  MPU_CTRL = 1;
  __asm__ volatile("dsb\nisb");
}
#else
#define MPU_RASR REGISTER(0xe000eda0u)
#define READ_ONLY (6u << 24)
#define READ_WRITE (3u << 24)
#define NO_CODE (1u << 28)
#define NORMAL (1u << 19) /* not cached */
#define DEVICE (1u << 16)

/* 2^bits bytes at `from`, the first `parts` eighths of them. */
static void region(uint32_t from, uint32_t bits, uint32_t parts, uint32_t attributes) {
  MPU_RNR = regions++;
  MPU_RBAR = from;
  MPU_RASR = attributes | (((0xffu << parts) & 0xffu) << 8) | ((bits - 1u) << 1) | 1u;
}

static uint32_t bits_for(uint32_t bytes) {
  uint32_t bits = 8;
  while (bits < 31 && (1u << bits) < bytes) ++bits;
  return bits;
}

/* Regions are powers of two in eighths: up to three of them, the last rounded up (256 KB: exact; 157,000
 * bytes: 512 too many). */
static void cover(uint32_t from, uint32_t bytes, uint32_t attributes) {
  for (int left = 3; left > 0 && bytes > 0; --left) {
    const uint32_t bits = bits_for(bytes), eighth = 1u << (bits - 3u);
    const uint32_t whole = left == 1 || bits == 8 ? (bytes + eighth - 1u) / eighth : bytes / eighth;
    region(from, bits, whole, attributes);
    if (whole * eighth >= bytes) break;
    from += whole * eighth;
    bytes -= whole * eighth;
  }
}

void frugal_protect_memory(void) {
  const uint32_t ram = (uint32_t)(uintptr_t)frugal_ram_start, ram_end = (uint32_t)(uintptr_t)frugal_ram_end;
  const uint32_t flash = (uint32_t)(uintptr_t)frugal_flash_start;
  cover(flash, (uint32_t)(uintptr_t)frugal_flash_limit - flash, READ_ONLY | NORMAL);
  cover(ram, ram_end - ram, READ_WRITE | NO_CODE | NORMAL);
  region(0x40000000u, 29, 8, READ_WRITE | NO_CODE | DEVICE);
  MPU_CTRL = 1;
  __asm__ volatile("dsb\nisb");
}
#endif
