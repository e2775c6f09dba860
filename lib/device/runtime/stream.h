/* Learns from a stream of labelled samples and prints what happens, a line each. */
#ifndef FRUGAL_RUNTIME_STREAM_H
#define FRUGAL_RUNTIME_STREAM_H

/* Reads the stream called `name` (stream_format.h) to its end and, where `state_name` is not null, writes the
 * trained numbers to the file of that name. Prints for each sample
 *   learn|predict LABEL PREDICTED LOSS INSTRUCTIONS
 * (LOSS: the bits of the loss in hex; a sample that is not learnt has "-"; of an auto-encoder each has its
 * score there, and PREDICTED is -1), of one that goes into the buffer
 * of old examples alone remember LABEL and at the end state HASH BYTES            FNV-1a of the trained
 * numbers memory STATIC STACK USED FLASH done COUNT Call frugal_init first. 0, or 1 after a line "error: …":
 * no stream, a header that does not fit the network, a stream that ends inside a sample, a label that is no
 * class, a loss that is not finite, a state that cannot be written.
 */
int frugal_stream_run(const char* name, const char* state_name);

#endif
