/* Old examples that a network learns again beside new ones: which of them stay, and which is drawn. One piece
 * of memory, so that a device saves it with its trained numbers.
 *
 * A full buffer makes room as a class-balancing reservoir does (Chrysakis, Moens, ICML 2020, algorithm 1): an
 * example of a class that was never the largest takes the place of one of the largest class; one of another
 * class takes, with the share of that class that is kept, the place of one of its own. */
#ifndef FRUGAL_OPS_REPLAY_H
#define FRUGAL_OPS_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  uint64_t seed;
  int32_t capacity;      /* examples */
  int32_t example_bytes; /* of one, without its class */
  int32_t classes;
} ops_replay;

/* Bytes of the buffer: examples offered by class (uint32), examples, their classes (a byte each, two where
 * there are more than 256), and by class whether it was the largest of a full buffer once (a byte). All 0: it
 * is empty. */
size_t ops_replay_bytes(const ops_replay* replay);

int32_t ops_replay_count(const ops_replay* replay, const uint8_t* buffer);
/* Example `place`, and its class. */
const int8_t* ops_replay_example(const ops_replay* replay, const uint8_t* buffer, int32_t place);
int32_t ops_replay_label(const ops_replay* replay, const uint8_t* buffer, int32_t place);

/* Takes an example in, or not: the seed and what was offered before decide. */
void ops_replay_offer(const ops_replay* replay, uint8_t* buffer, const int8_t* example, int32_t label);

/* The place of the example that training step `step` learns again, each as likely; there is one at least. */
int32_t ops_replay_draw(const ops_replay* replay, const uint8_t* buffer, uint32_t step);

#ifdef __cplusplus
}
#endif

#endif
