/* The reservoir of ops/replay.h. Its random numbers are those of base/random.h, stream "reservoir N" for the
 * N-th example offered and "replay N" for step N. */
#include "ops/replay.h"

#include <string.h>

typedef struct {
  uint64_t state[4];
} stream;

static uint64_t splitmix(uint64_t* x) {
  uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static uint64_t hashed(uint64_t hash, uint32_t letter) { return (hash ^ letter) * UINT64_C(0x100000001b3); }

static stream stream_of(uint64_t seed, const char* name, uint64_t number) {
  uint8_t digits[20];
  size_t count = 0;
  do {
    digits[count++] = (uint8_t)(number % 10);
    number /= 10;
  } while (number != 0);
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (; *name != '\0'; ++name) hash = hashed(hash, (uint8_t)*name);
  while (count > 0) hash = hashed(hash, (uint32_t)'0' + digits[--count]);
  uint64_t x = seed ^ hash;
  x = splitmix(&x);
  stream made;
  for (int i = 0; i < 4; ++i) made.state[i] = splitmix(&x);
  return made;
}

static uint64_t rotated(uint64_t x, unsigned by) { return (x << by) | (x >> (64u - by)); }

/* xoshiro256++ */
static uint64_t next(stream* random) {
  uint64_t* s = random->state;
  const uint64_t result = rotated(s[0] + s[3], 23) + s[0];
  const uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotated(s[3], 45);
  return result;
}

/* Uniform in [0, bound); the few values that would make the remainder uneven are rejected. */
static int32_t below(stream* random, int32_t bound) {
  const uint64_t wide = (uint64_t)bound, limit = (UINT64_C(0) - wide) % wide;
  for (;;) {
    const uint64_t value = next(random);
    if (value >= limit) return (int32_t)(value % wide);
  }
}

/* Whether a uniform number of 53 bits is below kept / seen. */
static int with_share(stream* random, uint32_t kept, uint32_t seen) {
  const uint64_t draw = next(random) >> 11;
  const uint64_t high = (draw >> 21) * seen, low = (draw & ((UINT64_C(1) << 21) - 1)) * seen;
  return high + (low >> 21) < (uint64_t)kept << 32;
}

static size_t label_bytes(const ops_replay* replay) { return replay->classes <= 256 ? 1 : 2; }
static size_t examples_at(const ops_replay* replay) { return (size_t)replay->classes * 4; }
static size_t labels_at(const ops_replay* replay) {
  return examples_at(replay) + (size_t)replay->capacity * (size_t)replay->example_bytes;
}
static size_t large_at(const ops_replay* replay) {
  return labels_at(replay) + (size_t)replay->capacity * label_bytes(replay);
}

size_t ops_replay_bytes(const ops_replay* replay) { return large_at(replay) + (size_t)replay->classes; }

static uint32_t seen_of(const uint8_t* buffer, int32_t label) {
  uint32_t seen;
  memcpy(&seen, buffer + (size_t)label * 4, sizeof(seen));
  return seen;
}

static uint64_t offered(const ops_replay* replay, const uint8_t* buffer) {
  uint64_t all = 0;
  for (int32_t c = 0; c < replay->classes; ++c) all += seen_of(buffer, c);
  return all;
}

int32_t ops_replay_count(const ops_replay* replay, const uint8_t* buffer) {
  const uint64_t all = offered(replay, buffer);
  return all < (uint64_t)replay->capacity ? (int32_t)all : replay->capacity;
}

const int8_t* ops_replay_example(const ops_replay* replay, const uint8_t* buffer, int32_t place) {
  return (const int8_t*)buffer + examples_at(replay) + (size_t)place * (size_t)replay->example_bytes;
}

int32_t ops_replay_label(const ops_replay* replay, const uint8_t* buffer, int32_t place) {
  const uint8_t* at = buffer + labels_at(replay) + (size_t)place * label_bytes(replay);
  return label_bytes(replay) == 1 ? at[0] : at[0] | at[1] << 8;
}

static int32_t kept_of(const ops_replay* replay, const uint8_t* buffer, int32_t label) {
  int32_t kept = 0;
  for (int32_t i = 0; i < replay->capacity; ++i) kept += ops_replay_label(replay, buffer, i) == label;
  return kept;
}

/* The place of the number-th kept example of a class. */
static int32_t place_of(const ops_replay* replay, const uint8_t* buffer, int32_t label, int32_t number) {
  int32_t place = 0;
  for (;; ++place) {
    if (ops_replay_label(replay, buffer, place) != label) continue;
    if (number-- == 0) return place;
  }
}

static void put(const ops_replay* replay, uint8_t* buffer, int32_t place, const int8_t* example,
                int32_t label) {
  uint8_t* at = buffer + labels_at(replay) + (size_t)place * label_bytes(replay);
  at[0] = (uint8_t)label;
  if (label_bytes(replay) == 2) at[1] = (uint8_t)(label >> 8);
  memcpy(buffer + examples_at(replay) + (size_t)place * (size_t)replay->example_bytes, example,
         (size_t)replay->example_bytes);
}

static int32_t most_kept(const ops_replay* replay, const uint8_t* buffer) {
  int32_t most = 0;
  for (int32_t c = 0; c < replay->classes; ++c) {
    const int32_t kept = kept_of(replay, buffer, c);
    most = kept > most ? kept : most;
  }
  return most;
}

/* The number-th of the classes that are the largest. */
static int32_t largest(const ops_replay* replay, const uint8_t* buffer, int32_t most, int32_t number) {
  int32_t label = 0;
  for (;; ++label) {
    if (kept_of(replay, buffer, label) != most) continue;
    if (number-- == 0) return label;
  }
}

void ops_replay_offer(const ops_replay* replay, uint8_t* buffer, const int8_t* example, int32_t label) {
  const uint64_t before = offered(replay, buffer);
  const uint32_t seen = seen_of(buffer, label) + 1;
  memcpy(buffer + (size_t)label * 4, &seen, sizeof(seen));
  if (before < (uint64_t)replay->capacity) {
    put(replay, buffer, (int32_t)before, example, label);
    return;
  }
  stream random = stream_of(replay->seed, "reservoir ", before);
  uint8_t* large = buffer + large_at(replay);
  const int32_t most = most_kept(replay, buffer);
  int32_t largest_classes = 0, from = label;
  for (int32_t c = 0; c < replay->classes; ++c) {
    if (kept_of(replay, buffer, c) != most) continue;
    large[c] = 1;
    ++largest_classes;
  }
  if (large[label] == 0) {
    from = largest(replay, buffer, most, below(&random, largest_classes));
  } else if (!with_share(&random, (uint32_t)kept_of(replay, buffer, label), seen)) {
    return;
  }
  const int32_t number = below(&random, kept_of(replay, buffer, from));
  put(replay, buffer, place_of(replay, buffer, from, number), example, label);
}

int32_t ops_replay_draw(const ops_replay* replay, const uint8_t* buffer, uint32_t step) {
  stream random = stream_of(replay->seed, "replay ", step);
  return below(&random, ops_replay_count(replay, buffer));
}
