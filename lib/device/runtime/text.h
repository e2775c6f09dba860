/* Numbers as text, without a C library: for the few lines that a program on a device prints. */
#ifndef FRUGAL_RUNTIME_TEXT_H
#define FRUGAL_RUNTIME_TEXT_H

#include <stdint.h>

void frugal_print_decimal(int64_t value);
void frugal_print_hex(uint64_t value, int digits);

#endif
