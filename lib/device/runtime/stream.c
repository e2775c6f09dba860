/* Learns from a stream of labelled samples (stream.h says what is printed). */
#include "device/runtime/stream.h"

#include <string.h>

#include "device/runtime/port.h"
#include "device/runtime/profile.h"
#include "device/runtime/stream_format.h"
#include "device/runtime/text.h"
#include "frugal_model.h"

#ifdef FRUGAL_NO_FLOAT
typedef int32_t number;
#else
#ifdef OPS_NO_FLOAT
#error "this network computes in float, which this core has not: compile one that rounds in whole numbers"
#endif
typedef float number;
#endif

/* Where the network keeps its input, or a buffer of our own. */
static void* input_buffer(void) {
#ifdef FRUGAL_INPUT_IN_ARENA
  return frugal_input();
#else
  static uint32_t buffer[(FRUGAL_INPUT_BYTES + 3) / 4];
  return buffer;
#endif
}

static int failed(const char* what) {
  frugal_port_print("error: ");
  frugal_port_print(what);
  frugal_port_print("\n");
  return 1;
}

static int failed_at(uint32_t sample, const char* what) {
  frugal_port_print("error: sample ");
  frugal_print_decimal((int64_t)sample);
  frugal_port_print(": ");
  frugal_port_print(what);
  frugal_port_print("\n");
  return 1;
}

static int wrong_size(const char* what, int64_t has, int64_t wants) {
  frugal_port_print("error: the stream's header says ");
  frugal_port_print(what);
  frugal_port_print(" ");
  frugal_print_decimal(has);
  frugal_port_print(", the network has ");
  frugal_print_decimal(wants);
  frugal_port_print("\n");
  return 1;
}

static int check_header(const frugal_stream_header* header, uint32_t came) {
  if (came != sizeof(*header)) return failed("the stream ends inside its header");
  if (header->magic != FRUGAL_STREAM_MAGIC)
    return failed("no stream of samples: it does not begin with FRSM");
  if (header->version != FRUGAL_STREAM_VERSION)
    return wrong_size("version", (int64_t)header->version, (int64_t)FRUGAL_STREAM_VERSION);
  if (header->sample_bytes != FRUGAL_INPUT_BYTES)
    return wrong_size("sample bytes", (int64_t)header->sample_bytes, (int64_t)FRUGAL_INPUT_BYTES);
  if (header->classes != FRUGAL_CLASSES)
    return wrong_size("classes", (int64_t)header->classes, (int64_t)FRUGAL_CLASSES);
  if (header->network != 0 && header->network != frugal_network_id)
    return failed("the stream is for another network (frugal_network_id)");
  return 0;
}

static number rate_of(const frugal_stream_sample* sample) {
#ifdef FRUGAL_NO_FLOAT
  return sample->rate_fixed;
#else
  float rate;
  memcpy(&rate, &sample->rate_bits, sizeof(rate));
  return rate;
#endif
}

static void print_sample(const frugal_stream_sample* sample, int32_t predicted, number loss,
                         uint64_t instructions) {
  uint32_t bits;
  memcpy(&bits, &loss, sizeof(bits));
  if (sample->what == FRUGAL_STREAM_REMEMBER) {
    frugal_port_print("remember ");
    frugal_print_decimal(sample->label);
    frugal_port_print("\n");
    return;
  }
  frugal_port_print(sample->what == FRUGAL_STREAM_LEARN ? "learn " : "predict ");
  frugal_print_decimal(sample->label);
  frugal_port_print(" ");
  frugal_print_decimal(predicted);
  frugal_port_print(" ");
  if (sample->what == FRUGAL_STREAM_LEARN || predicted < 0) {
    frugal_print_hex(bits, 8);
  } else {
    frugal_port_print("-");
  }
  frugal_port_print(" ");
  frugal_print_decimal((int64_t)instructions);
  frugal_port_print("\n");
}

enum { no_replay = -1 };

static const char* meaning_of(int answer) {
  switch (answer) {
    case FRUGAL_BAD_LABEL:
      return "its label is no class of the network";
    case FRUGAL_NOT_FINITE:
      return "its loss is not finite: nothing was learnt from it (a lower learning rate helps)";
    case FRUGAL_BUSY:
      return "the network was busy";
    case no_replay:
      return "it is to be remembered, and this network keeps no old examples (replay.bytes)";
    default:
      return "the step failed";
  }
}

/* Of a network that knows no classes *predicted stays below 0. */
static int answer_to(const frugal_stream_sample* sample, void* input, number* loss, int32_t* predicted) {
#ifdef FRUGAL_SCORES
  (void)predicted;
  if (sample->what == FRUGAL_STREAM_LEARN) return frugal_train_step(input, rate_of(sample), loss);
  if (sample->what == FRUGAL_STREAM_PREDICT) return frugal_score(input, loss);
#else
  if (sample->what == FRUGAL_STREAM_LEARN)
    return frugal_train_step(input, sample->label, rate_of(sample), loss, predicted);
  if (sample->what == FRUGAL_STREAM_PREDICT) return frugal_predict(input, predicted);
#endif
#ifdef FRUGAL_REPLAY_BYTES
  return frugal_remember(input, sample->label);
#else
  return no_replay;
#endif
}

/* One sample of the stream, number `at`. */
static int take_sample(uint32_t at, void* input) {
  frugal_stream_sample sample;
  if (frugal_port_read(&sample, (uint32_t)sizeof(sample)) != sizeof(sample) ||
      frugal_port_read(input, FRUGAL_INPUT_BYTES) != FRUGAL_INPUT_BYTES)
    return failed_at(at, "the stream ends inside it");
  if (sample.what > FRUGAL_STREAM_REMEMBER)
    return failed_at(at, "it is neither to be learnt (1) nor predicted (0) nor remembered (2)");
#ifndef FRUGAL_SCORES
  if (sample.label < 0 || sample.label >= FRUGAL_CLASSES) return failed_at(at, meaning_of(FRUGAL_BAD_LABEL));
#endif
  number loss = 0;
  int32_t predicted = -1;
  const uint64_t before = frugal_port_instructions();
  frugal_profile_begin();
  const int answer = answer_to(&sample, input, &loss, &predicted);
  const uint64_t instructions = frugal_port_instructions() - before;
  if (answer != FRUGAL_OK) return failed_at(at, meaning_of(answer));
  print_sample(&sample, predicted, loss, instructions);
  return 0;
}

static int write_state(const char* name) {
  void* bytes;
  size_t size;
  frugal_state(&bytes, &size);
  const frugal_state_header header = {FRUGAL_STATE_MAGIC, frugal_network_id};
  return frugal_port_write(name, &header, (uint32_t)sizeof(header), bytes, (uint32_t)size);
}

static void print_state(void) {
  void* bytes;
  size_t size;
  frugal_state(&bytes, &size);
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < size; ++i) hash = (hash ^ ((const uint8_t*)bytes)[i]) * UINT64_C(1099511628211);
  frugal_port_print("state ");
  frugal_print_hex(hash, 16);
  frugal_port_print(" ");
  frugal_print_decimal((int64_t)size);
  frugal_port_print("\n");
}

static void print_memory(void) {
  frugal_memory memory;
  frugal_port_memory(&memory);
  const uint32_t numbers[] = {memory.static_bytes, memory.stack_bytes, memory.stack_used, memory.flash_bytes};
  frugal_port_print("memory");
  for (int i = 0; i < 4; ++i) {
    frugal_port_print(" ");
    frugal_print_decimal((int64_t)numbers[i]);
  }
  frugal_port_print("\n");
}

int frugal_stream_run(const char* name, const char* state_name) {
  if (frugal_port_open(name)) return failed("there is no stream of samples to read");
  frugal_stream_header header;
  const uint32_t got = frugal_port_read(&header, (uint32_t)sizeof(header));
  if (check_header(&header, got)) return 1;
  void* input = input_buffer();
  for (uint32_t at = 0; at < header.count; ++at)
    if (take_sample(at, input)) return 1;
  if (state_name && write_state(state_name)) return failed("the trained numbers cannot be written to a file");
  print_state();
  print_memory();
  frugal_profile_print();
  frugal_port_print("done ");
  frugal_print_decimal((int64_t)header.count);
  frugal_port_print("\n");
  return 0;
}
