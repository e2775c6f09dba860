/* What a test program needs of the machine it runs on: printing, counting instructions, ending. On a board of
 * QEMU printing goes through semihosting; on the host these are the C library's. */
#ifndef FRUGAL_TESTS_BOARD_H
#define FRUGAL_TESTS_BOARD_H

#include <stdint.h>

void board_print(const char* text);
void board_print_number(uint32_t value);
void board_print_hex(uint32_t value);
uint64_t board_hundredths(
    void); /* instructions so far times 100, where the machine is run with -icount shift=0 */
void board_exit(int status);

int board_main(void); /* the program */

#endif
