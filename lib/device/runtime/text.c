/* Numbers as text. */
#include "device/runtime/text.h"

#include "device/runtime/port.h"

void frugal_print_decimal(int64_t value) {
  char text[24];
  char* at = text + sizeof(text) - 1;
  uint64_t left = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
  *at = '\0';
  do {
    *--at = (char)('0' + (int)(left % 10u));
    left /= 10u;
  } while (left != 0);
  if (value < 0) *--at = '-';
  frugal_port_print(at);
}

void frugal_print_hex(uint64_t value, int digits) {
  char text[17];
  for (int i = 0; i < digits; ++i) {
    const int digit = (int)((value >> (4 * (digits - 1 - i))) & 15u);
    text[i] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
  }
  text[digits] = '\0';
  frugal_port_print(text);
}
