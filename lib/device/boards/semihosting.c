/* The board's side of runtime/port.h: what a program on an emulated processor asks of the program that
 * emulates it (semihosting: Arm's specification, which RISC-V took over), and the memory that was used. */
#include <string.h>

#include "device/boards/board.h"
#include "device/runtime/port.h"
#include "device/runtime/text.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_GET_CMDLINE = 0x15,
  SYS_EXIT_EXTENDED = 0x20
};

#ifdef __riscv
/* These three instructions, uncompressed and on one page, are the call; the answer is in a0. */
__asm__(
    ".section .text.frugal_ask, \"ax\"\n"
    ".balign 16\n"
    "frugal_ask:\n"
    ".option push\n"
    ".option norvc\n"
    "  slli zero, zero, 0x1f\n"
    "  ebreak\n"
    "  srai zero, zero, 7\n"
    "  ret\n"
    ".option pop\n"
    ".text\n");
int32_t frugal_ask(int32_t operation, const void* block);
static int32_t ask(int32_t operation, const void* block) { return frugal_ask(operation, block); }
#else
static int32_t ask(int32_t operation, const void* block) {
  register int32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
#endif

static int32_t stream = -1, output = -1;

static int32_t open_file(const char* name, uint32_t mode) {
  const struct {
    const char* name;
    uint32_t mode, length;
  } block = {name, mode, (uint32_t)strlen(name)};
  return ask(SYS_OPEN, &block);
}

int frugal_port_open(const char* name) {
  stream = open_file(name, 1 /* rb */);
  return stream == -1;
}

uint32_t frugal_port_read(void* bytes, uint32_t count) {
  uint32_t done = 0;
  while (done < count) {
    const struct {
      int32_t handle;
      void* bytes;
      uint32_t count;
    } block = {stream, (uint8_t*)bytes + done, count - done};
    const uint32_t left = (uint32_t)ask(SYS_READ, &block);
    if (left >= count - done) break; /* nothing came */
    done = count - left;
  }
  return done;
}

/* 0, or 1 where not all of it was written. */
static int write_bytes(int32_t handle, const void* bytes, uint32_t count) {
  const struct {
    int32_t handle;
    const void* bytes;
    uint32_t count;
  } block = {handle, bytes, count};
  return ask(SYS_WRITE, &block) != 0;
}

/* To standard output: the simpler SYS_WRITE0 goes to standard error. */
void frugal_port_print(const char* text) {
  if (output == -1) output = open_file(":tt", 4 /* w */);
  write_bytes(output, text, (uint32_t)strlen(text));
}

int frugal_port_write(const char* name, const void* first, uint32_t first_count, const void* second,
                      uint32_t second_count) {
  const int32_t file = open_file(name, 5 /* wb */);
  if (file == -1) return 1;
  const int wrong = write_bytes(file, first, first_count) | write_bytes(file, second, second_count);
  return (ask(SYS_CLOSE, &file) != 0) | wrong;
}

void frugal_exit(int code) {
  const uint32_t block[2] = {0x20026u /* ADP_Stopped_ApplicationExit */, (uint32_t)code};
  ask(SYS_EXIT_EXTENDED, block);
  for (;;) {
  }
}

void frugal_report_fault(const char* what, uint32_t address) {
  frugal_port_print("error: trapped: ");
  frugal_port_print(what);
  frugal_port_print(" at 0x");
  frugal_print_hex(address, 8);
  frugal_port_print("\n");
  frugal_exit(3);
}

void frugal_port_memory(frugal_memory* memory) {
  const uint32_t* painted = frugal_stack_limit;
  while (painted < frugal_stack_top && *painted == FRUGAL_PAINT) ++painted;
  memory->static_bytes = (uint32_t)((uintptr_t)frugal_bss_end - (uintptr_t)frugal_data_start);
  memory->stack_bytes = (uint32_t)((uintptr_t)frugal_stack_top - (uintptr_t)frugal_stack_limit);
  memory->stack_used = (uint32_t)((uintptr_t)frugal_stack_top - (uintptr_t)painted);
  memory->flash_bytes = (uint32_t)((uintptr_t)frugal_flash_end - (uintptr_t)frugal_flash_start);
}

int main(int argc, char** argv);

/* The emulator's arguments: a program's name and those of two files, short and without spaces. */
void frugal_run_main(void) {
  static char line[32];
  struct {
    char* text;
    uint32_t size;
  } block = {line, sizeof(line)};
  static char* arguments[4];
  int count = 1;
  arguments[0] = line;
  if (ask(SYS_GET_CMDLINE, &block) != 0) line[0] = '\0';
  for (char* space = line; *space != '\0' && count < 3; ++space) {
    if (*space != ' ') continue;
    *space = '\0';
    arguments[count++] = space + 1;
  }
  frugal_exit(main(count, arguments));
}
