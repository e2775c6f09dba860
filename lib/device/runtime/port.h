/* What the programs here need of the board that they run on: print, read, count instructions, look at memory.
 */
#ifndef FRUGAL_RUNTIME_PORT_H
#define FRUGAL_RUNTIME_PORT_H

#include <stdint.h>

/* Opens what samples are read from: a file by name on the emulator's or host's side, "-" the host's standard
 * input. 0, or 1 where there is none. */
int frugal_port_open(const char* name);

/* How many bytes came: fewer than `count` only where the stream has ended. */
uint32_t frugal_port_read(void* bytes, uint32_t count);

void frugal_port_print(const char* text);

/* A new file by name on the emulator's or host's side that holds two pieces, one after the other. 0, or 1
 * where it cannot be written. */
int frugal_port_write(const char* name, const void* first, uint32_t first_count, const void* second,
                      uint32_t second_count);

/* Instructions since the start; the differences count. 0 where the board has no such counter (the host). */
uint64_t frugal_port_instructions(void);

/* Bytes. All 0 on the host, whose memory is its system's. */
typedef struct frugal_memory {
  uint32_t static_bytes; /* variables, the arena among them */
  uint32_t stack_bytes;  /* kept for the stack */
  uint32_t stack_used;   /* the most of it that was ever used: how far the paint is gone */
  uint32_t flash_bytes;  /* code and constants */
} frugal_memory;
void frugal_port_memory(frugal_memory* memory);

#endif
