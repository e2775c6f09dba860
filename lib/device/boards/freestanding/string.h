/* The five functions of the C library that the sources here use, for compilers that come without one
 * (memory.c). */
#ifndef FRUGAL_BOARDS_STRING_H
#define FRUGAL_BOARDS_STRING_H

#include <stddef.h>

void* memcpy(void* to, const void* from, size_t count);
void* memmove(void* to, const void* from, size_t count);
void* memset(void* to, int value, size_t count);
int memcmp(const void* a, const void* b, size_t count);
size_t strlen(const char* text);

#endif
