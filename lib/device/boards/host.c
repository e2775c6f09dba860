/* The host's side of runtime/port.h: files, and no counter. */
#include <stdio.h>
#include <string.h>

#include "device/runtime/port.h"

static FILE* stream;

int frugal_port_open(const char* name) {
  stream = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
  return stream == NULL;
}

uint32_t frugal_port_read(void* bytes, uint32_t count) { return (uint32_t)fread(bytes, 1, count, stream); }

void frugal_port_print(const char* text) { fputs(text, stdout); }

uint64_t frugal_port_instructions(void) { return 0; }

void frugal_port_memory(frugal_memory* memory) { memset(memory, 0, sizeof(*memory)); }
