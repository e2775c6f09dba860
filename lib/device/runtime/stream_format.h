/* The stream of labelled samples that a device learns from, as bytes: one header, then `count` samples, each
 * with 16 bytes before it. All numbers are little-endian. C++ on the host writes it, C on the device reads
 * it. */
#ifndef FRUGAL_RUNTIME_STREAM_FORMAT_H
#define FRUGAL_RUNTIME_STREAM_FORMAT_H

#include <stdint.h>

#define FRUGAL_STREAM_MAGIC 0x4d535246u /* the letters FRSM */
#define FRUGAL_STREAM_VERSION 1u

typedef struct frugal_stream_header {
  uint32_t magic, version;
  uint32_t sample_bytes; /* of one input, as the network takes it */
  uint32_t classes;      /* 0: the network is an auto-encoder, and labels are only printed */
  uint32_t count;        /* of samples */
  uint32_t network;      /* frugal_network_id, or 0 for any */
} frugal_stream_header;

/* What is done with a sample. One that is predicted has a label to compare with; one that is remembered goes
 * into the buffer of old examples, of a network that has one, and is not learnt itself. */
#define FRUGAL_STREAM_PREDICT 0u
#define FRUGAL_STREAM_LEARN 1u
#define FRUGAL_STREAM_REMEMBER 2u

/* Before each input. */
typedef struct frugal_stream_sample {
  uint32_t what; /* FRUGAL_STREAM_PREDICT, …_LEARN or …_REMEMBER */
  int32_t label;
  uint32_t rate_bits; /* learning rate, the bits of a float */
  int32_t rate_fixed; /* the same for networks without floats, FRUGAL_RATE_BITS behind the point */
} frugal_stream_sample;

#define FRUGAL_STATE_MAGIC 0x54535246u /* the letters FRST */

/* Before the trained numbers in the file that a device's program writes at its end. */
typedef struct frugal_state_header {
  uint32_t magic, network; /* frugal_network_id */
} frugal_state_header;

#endif
