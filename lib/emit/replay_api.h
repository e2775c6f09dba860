// The part of generated C that keeps old examples and learns them again.
#pragma once

#include <cstdint>
#include <string>

#include "ops/replay.h"

namespace frugal::emit {

// Of a network that learns old examples again: the forward pass of a step (forward()) begins behind the value
// that is kept.
struct ReplayText {
  std::string front, value, buffer;  // C: calls before that value, its address and that of the buffer
  ops_replay how = {};
  std::int32_t ratio = 0;
};

std::string replay_macro(const ReplayText& replay);        // for the header
std::string replay_declaration(const ReplayText& replay);  // for the header
// label: C, where a step takes it from.
std::string replay_code(const ReplayText& replay, const std::string& label);
std::string replay_loop(const ReplayText& replay);  // of a training step, behind the new sample

}  // namespace frugal::emit
