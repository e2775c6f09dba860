// What a device is to learn, as a list of turns: this sample is learnt at this rate, that one only predicted,
// and one goes into the buffer of old examples alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emulate/compiled.h"
#include "emulate/output.h"
#include "quant/trainer.h"

namespace frugal::emulate {

struct Turn {
  std::size_t sample = 0;
  bool learn = false;
  double rate = 0;        // of one that is learnt
  std::size_t point = 0;  // the evaluation that one that is predicted belongs to
  bool remember = false;  // neither learnt nor predicted
  bool training = false;  // of an auto-encoder: predicted for the threshold, not to be told apart
};

struct Lesson {
  quant::Samples samples;  // as the network takes them
  std::vector<Turn> turns;
  std::vector<std::int64_t> points;  // of each evaluation: how many samples are learnt before it
  // Of an auto-encoder, whose samples' labels are quant::usual and quant::unusual: the threshold is this
  // quantile of the scores of usual ones.
  std::optional<double> quantile;

  std::int64_t learnt() const;
  std::int64_t remembered() const;
};

// The bytes of the stream (device/stream_file.h), inputs as they lie on the device. Throws UserError where
// the samples are not those of the network.
std::string stream_of(const Lesson& lesson, const Compiled& compiled);

// The lesson's first sample that is learnt, alone: its instructions are those of one step.
Lesson first_step(const Lesson& lesson);

// Throws Failure where the answers are not those of the lesson: another label, another number.
void require_answers(const Lesson& lesson, const Output& output);

}  // namespace frugal::emulate
