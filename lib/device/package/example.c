/* Learns from a stream of labelled samples, as they would come from a serial line: on the host and in an
 * emulator from a file (runtime/stream.h says what is printed). On your board, replace what boards/ does:
 * runtime/port.h is all of it.
 *
 *   make run SAMPLES=stream.bin                 on the core that the folder was compiled for, in QEMU
 *   make run SAMPLES=stream.bin TARGET=host
 *   make run SAMPLES=stream.bin STATE=state.bin the trained numbers come back as a file
 */
#include "device/runtime/stream.h"
#include "frugal_model.h"

int main(int argc, char** argv) {
  frugal_init();
  return frugal_stream_run(argc > 1 ? argv[1] : "samples", argc > 2 ? argv[2] : 0);
}
