/* The host's side of runtime/port.h: files, and no counter. */
#include <stdio.h>
#include <string.h>

#include "device/runtime/port.h"

static FILE* stream;

int frugal_port_open(const char* name) {
  setvbuf(stdout, NULL, _IOLBF, 1024); /* whoever reads along sees each line */
  stream = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
  return stream == NULL;
}

uint32_t frugal_port_read(void* bytes, uint32_t count) { return (uint32_t)fread(bytes, 1, count, stream); }

void frugal_port_print(const char* text) { fputs(text, stdout); }

int frugal_port_write(const char* name, const void* first, uint32_t first_count, const void* second,
                      uint32_t second_count) {
  FILE* file = fopen(name, "wb");
  if (file == NULL) return 1;
  const int wrong = fwrite(first, 1, first_count, file) != first_count ||
                    fwrite(second, 1, second_count, file) != second_count;
  return (fclose(file) != 0) | wrong;
}

uint64_t frugal_port_instructions(void) { return 0; }

void frugal_port_memory(frugal_memory* memory) { memset(memory, 0, sizeof(*memory)); }
