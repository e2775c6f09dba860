// The trained numbers of a device, from the trainer's network and back from a file that the device wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "emulate/compiled.h"

namespace frugal::emit {
class DeviceProgram;  // emit/device_program.h
struct Learnt;        // emit/state.h
}  // namespace frugal::emit

namespace frugal::emulate {

// The program that the folder holds, made again: where each trained number lies. Throws UserError where it
// would be another one by now.
emit::DeviceProgram program_of(const Compiled& compiled);

// FNV-1a of 64 bits, as the device prints it.
std::uint64_t hash_of(std::span<const std::byte> state);

// What a device learnt, from the file that it wrote (device/runtime/stream_format.h): the state behind the id
// of its network. Throws UserError for another file, or one of another network.
emit::Learnt read_state(const std::string& path, const Compiled& compiled);

}  // namespace frugal::emulate
