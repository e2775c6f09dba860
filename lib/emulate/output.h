// What a compiled network prints while it learns from a stream (device/runtime/stream.h), read line by line.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace frugal::emulate {

struct Answer {
  bool learn = false, remember = false;
  std::int32_t label = 0, predicted = 0;
  // Of one that was learnt, and of each of an auto-encoder, which predicts -1: a float, or an int32 of a
  // network without floats.
  std::uint32_t loss_bits = 0;
  std::uint64_t instructions = 0;  // 0 on the host
};

// In bytes; all 0 on the host.
struct Memory {
  std::int64_t static_bytes = 0, stack_bytes = 0, stack_used = 0, flash_bytes = 0;
};

struct Output {
  std::vector<Answer> answers;
  std::uint64_t state_hash = 0;
  std::int64_t state_bytes = 0;
  Memory memory;
  std::map<std::int64_t, std::uint64_t> calls;  // instructions by mark, where it was compiled with PROFILE
  std::int64_t done = -1;                       // samples; -1: it did not come to its end
  std::string error;                            // "sample 3: its label is no class of the network"
};

class OutputReader {
 public:
  // on_answer is called with each answer as it comes; it may be empty.
  explicit OutputReader(std::function<void(const Answer&)> on_answer) : on_answer_(std::move(on_answer)) {}

  // Throws Failure for a line that such a program does not print.
  void take(const std::string& line);
  const Output& output() const { return output_; }

 private:
  std::function<void(const Answer&)> on_answer_;
  Output output_;
};

}  // namespace frugal::emulate
