// The state of a compiled network, one piece of memory, from the numbers of the network and back: what a host
// compares a device with, and what it makes of a state that a device gives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emit/device_program.h"

namespace frugal::emit {

// network: as the program's network began, but for what it has learnt. steps: that it has learnt so far.
// replay: the memory of its replay buffer (quant/replay_buffer.h), empty where it has none.
std::vector<std::byte> state_of(const DeviceProgram& program, const ir::Model& network, std::uint32_t steps,
                                std::span<const std::uint8_t> replay = {});

struct Learnt {
  ir::Model network;
  std::uint32_t steps = 0;
};
// Throws UserError at `origin` for a state of another size.
Learnt learnt_from(const DeviceProgram& program, ir::Model network, std::span<const std::byte> state,
                   const std::string& origin);

}  // namespace frugal::emit
